#include "jobs/definitions/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "jobs/repository_testing.h"

namespace millrace::jobs {
namespace {

using testing::HasSubstr;

// Somebody else, at work between the plan and the addition of an apply: that is when the time is
// asked for.
class InterruptingClock : public base::Clock {
 public:
  explicit InterruptingClock(std::function<void()> interrupt) : interrupt_(std::move(interrupt)) {}
  base::EventTime Now() const override {
    interrupt_();
    return base::EventTime();
  }

 private:
  std::function<void()> interrupt_;
};

class ApplyTest : public RepositoryTest {
 protected:
  Applied MustApply() const {
    auto applied = Apply(Open(), {.author = "ann", .base = {}}, FixedClock());
    EXPECT_TRUE(applied.ok()) << applied.status().ToString();
    return *applied;
  }
};

TEST_F(ApplyTest, TheFirstApplyMakesVersionOne) {
  const PlannedChange planned = *PlanChange(Open());
  EXPECT_EQ(planned.base, 0);
  EXPECT_TRUE(planned.changes);
  const Applied applied = MustApply();
  EXPECT_EQ(applied.version, 1);
  EXPECT_TRUE(applied.changed);
  const registry::Version version = *Open().registry.Load(1);
  EXPECT_EQ(version.header.author, "ann");
  EXPECT_EQ(version.header.time.micros(), 1'000'000);
  EXPECT_EQ(version.header.diff, registry::ToText(planned.diff));
}

TEST_F(ApplyTest, TheSameAgainIsNothing) {
  MustApply();
  EXPECT_FALSE(PlanChange(Open())->changes);
  const Applied again = MustApply();
  EXPECT_EQ(again.version, 1);
  EXPECT_FALSE(again.changed);
}

TEST_F(ApplyTest, AnEmptyRepositoryCanBeApplied) {
  Write("features/all.yaml", "");
  EXPECT_EQ(MustApply().version, 1);
  EXPECT_FALSE(MustApply().changed);
}

TEST_F(ApplyTest, AGivenBaseMustBeTheNewest) {
  const auto apply_on = [&](int base) {
    return Apply(Open(), {.author = "ann", .base = base}, FixedClock()).status();
  };
  EXPECT_EQ(CodeOf(apply_on(1)), "conflict");
  EXPECT_TRUE(apply_on(0).ok());
  WriteDefinitions("14d");
  EXPECT_EQ(CodeOf(apply_on(0)), "conflict");
  EXPECT_TRUE(apply_on(1).ok());
}

TEST_F(ApplyTest, SomebodyWhoSaysTheSameIsNoConflict) {
  const Repository mine = Open();
  bool done = false;
  const InterruptingClock clock([&] {
    if (!done) MustApply();
    done = true;
  });
  const auto applied = Apply(mine, {.author = "bob", .base = {}}, clock);
  ASSERT_TRUE(applied.ok()) << applied.status().ToString();
  EXPECT_EQ(applied->version, 1);
  EXPECT_FALSE(applied->changed);
  EXPECT_EQ(mine.registry.History()->size(), 1u);
}

TEST_F(ApplyTest, SomebodyWhoSaysSomethingElseIsAConflictAndKeepsTheirs) {
  WriteDefinitions("7d");
  const Repository mine = Open();
  const InterruptingClock clock([&] {
    WriteDefinitions("30d");
    MustApply();
  });
  const base::Status refused = Apply(mine, {.author = "bob", .base = {}}, clock).status();
  EXPECT_EQ(CodeOf(refused), "conflict");
  EXPECT_THAT(refused.message(), HasSubstr("version 1"));
  EXPECT_EQ(mine.registry.History()->size(), 1u);
  EXPECT_EQ(mine.registry.Newest()->value().content.plan->views[0].features[0].name, "sum_30d");
}

TEST_F(ApplyTest, WrongDefinitionsMakeNoRegistry) {
  Write("features/all.yaml",
        "views:\n  v: {entity: nobody, source: nothing, window: 1d, features: {c: count()}}\n");
  EXPECT_FALSE(Apply(Open(), {.author = "ann", .base = {}}, FixedClock()).ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "registry.db"));
}

TEST_F(ApplyTest, DefinitionsThatSayTheSameInOtherWordsDoNotDiffer) {
  MustApply();
  const registry::Version version = *Open().registry.Load(1);
  EXPECT_FALSE(DiffersFrom(Open(), version));
  Write("features/more.yaml", "# a comment\n");
  EXPECT_FALSE(DiffersFrom(Open(), version));
  WriteDefinitions("14d");
  EXPECT_TRUE(DiffersFrom(Open(), version));
  Write("features/all.yaml", "views: [");
  EXPECT_TRUE(DiffersFrom(Open(), version));
}

TEST_F(ApplyTest, PathsAreMadeConcreteAndStoredAsWritten) {
  WriteDefinitions("7d", "${WHERE:-data}/purchases.csv");
  MustApply();
  const registry::Version version = *Open().registry.Load(1);
  EXPECT_EQ(version.content.plan->sources[0].location.path, "${WHERE:-data}/purchases.csv");
  const auto lake = [](const std::string&) { return std::optional<std::string>("/lake"); };
  EXPECT_EQ((*WithConcretePaths(*version.content.plan, lake))->sources[0].location.path,
            "/lake/purchases.csv");

  WriteDefinitions("7d", "${WHERE}/purchases.csv");
  MustApply();
  const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
  const base::Status refused =
      WithConcretePaths(*Open().registry.Load(2)->content.plan, nothing).status();
  EXPECT_EQ(CodeOf(refused), "missing_variable");
  EXPECT_THAT(refused.message(), HasSubstr("purchases"));
}

}  // namespace
}  // namespace millrace::jobs
