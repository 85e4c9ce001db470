#include "jobs/definitions/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/definitions/apply.h"
#include "jobs/definitions/doctor.h"
#include "jobs/repository_testing.h"

namespace millrace::jobs {
namespace {

using testing::HasSubstr;

class CatalogTest : public RepositoryTest {
 protected:
  void SetUp() override {
    RepositoryTest::SetUp();
    Write("features/more.yaml", R"(entities:
  spend: {keys: {spend_id: int64}}
views:
  spend_again:
    entity: user
    source: purchases
    windows: [7d]
    features: {sum: sum(amount)}
services:
  ranking: {features: ["spend:*"]}
)");
    plan_ = *CompileDefinitions(Open());
  }

  base::Status Find(const std::string& name, const std::string& kind = "") const {
    return FindItem(*plan_, name, kind).status();
  }

  std::shared_ptr<const features::FeaturePlan> plan_;
};

TEST_F(CatalogTest, NothingAppliedIsNotReady) {
  const base::Status refused = NewestVersion(Open()).status();
  EXPECT_EQ(CodeOf(refused), "not_ready");
  EXPECT_THAT(refused.message(), HasSubstr("millrace apply"));
}

TEST_F(CatalogTest, KindsInOneOrMany) {
  EXPECT_EQ(ListItems(*plan_, "view")->size(), 2u);
  EXPECT_EQ(ListItems(*plan_, "views")->size(), 2u);
  EXPECT_EQ(ListItems(*plan_, "entities")->size(), 2u);
  EXPECT_EQ(ListItems(*plan_, "features")->size(), 3u);
  EXPECT_EQ(ListItems(*plan_, "on-demand")->size(), 0u);
  EXPECT_EQ(ListItems(*plan_, "")->size(), 2u + 1u + 2u + 3u + 1u);
  const base::Status refused = ListItems(*plan_, "feture").status();
  EXPECT_EQ(CodeOf(refused), "unknown_name");
  EXPECT_THAT(refused.message(), HasSubstr("'feature'"));
}

TEST_F(CatalogTest, FullNamesBeforeShortOnes) {
  EXPECT_EQ(FindItem(*plan_, "spend:sum_7d", "")->name, "spend:sum_7d");
  EXPECT_EQ(FindItem(*plan_, "count_7d", "")->name, "spend:count_7d");
  EXPECT_EQ(FindItem(*plan_, "ranking", "services")->kind, "service");
}

TEST_F(CatalogTest, WhatMayBeSeveralThingsListsThem) {
  const base::Status feature = Find("sum_7d");
  EXPECT_EQ(CodeOf(feature), "ambiguous_name");
  EXPECT_THAT(feature.message(), HasSubstr("feature spend:sum_7d or feature spend_again:sum_7d"));
  const base::Status spend = Find("spend");
  EXPECT_EQ(CodeOf(spend), "ambiguous_name");
  EXPECT_THAT(spend.message(), HasSubstr("entity spend or view spend"));
  EXPECT_THAT(spend.message(), HasSubstr("--kind"));
  EXPECT_EQ(FindItem(*plan_, "spend", "view")->kind, "view");
}

TEST_F(CatalogTest, UnknownNamesNameTheNearest) {
  EXPECT_EQ(CodeOf(Find("rankin")), "unknown_name");
  EXPECT_THAT(Find("rankin").message(), HasSubstr("'ranking'"));
  EXPECT_THAT(Find("coutn_7d").message(), HasSubstr("'count_7d'"));
  EXPECT_THAT(Find("zzzzzzzzzz").message(), HasSubstr("millrace list"));
}

TEST_F(CatalogTest, LineageKnowsColumnsToo) {
  EXPECT_EQ(FindLineage(*plan_, "purchases.amount", "")->node.kind, "column");
  EXPECT_EQ(FindLineage(*plan_, "spend:sum_7d", "")->node.kind, "feature");
  EXPECT_EQ(CodeOf(FindLineage(*plan_, "purchases.amuont", "column").status()), "unknown_name");
}

TEST_F(CatalogTest, DoctorNamesWhatIsIll) {
  const auto ill = [&] {
    std::string names;
    for (const Check& check : Examine(folder_.string())) {
      if (!check.ok) names += check.name + ";";
    }
    return names;
  };
  EXPECT_EQ(ill(), "");
  std::filesystem::remove(folder_ / "data/purchases.csv");
  EXPECT_EQ(ill(), "source purchases;");
  Write("registry.db", std::string(3000, 'x'));
  EXPECT_EQ(ill(), "registry;source purchases;");
  Write("features/more.yaml", "views: 3\n");
  EXPECT_EQ(ill(), "definitions;registry;");
  std::filesystem::remove(folder_ / "millrace.yaml");
  EXPECT_EQ(ill(), "project;");
}

}  // namespace
}  // namespace millrace::jobs
