// An update beside which others commit: what it may go on from, and what it is fenced for.
#include <gtest/gtest.h>

#include "state/format/store_keys.h"
#include "state/state_testing.h"
#include "state/vacuum.h"

namespace millrace::state {
namespace {

constexpr const char* kViews = R"(
views:
  spend:
    entity: user
    source: buys
    windows: [1h, 1d]
    resolution: 30m
    history: 1h
    features: {n: count(), sum: sum(amount)}
  item:
    entity: item
    source: items
    features: [price]
)";

std::vector<std::string> Buy(const std::string& user, const std::string& time) {
  return {user, "pen", "1.5", "1", time, time};
}

class UpdaterFollowTest : public testing::Test {
 protected:
  using Store = std::unique_ptr<kv::Store>;

  Store NewStore() const {
    Store store = kv::MakeMemoryStore();
    Apply(store.get(), {Buy("ann", "2025-01-01T09:00:00Z")}, "2025-01-01T10:00:00Z");
    return store;
  }
  void Apply(kv::Store* store, const std::vector<std::vector<std::string>>& buys,
             const std::string& now) const {
    UpdaterOptions options = options_;
    options.now = At(now);
    const auto report = Update(store, AllViews(*plan_), {{"buys", buys}}, options);
    ASSERT_TRUE(report.ok()) << report.status();
  }
  std::unique_ptr<Updater> OpenAt(kv::Store* store, const std::string& now,
                                  const std::vector<LiveView>& views) const {
    UpdaterOptions options = options_;
    options.now = At(now);
    return *Updater::Open(store, views, options);
  }
  std::vector<LiveView> Rebuilt() const {
    std::vector<LiveView> views = AllViews(*plan_);
    for (LiveView& view : views) view.rebuild = true;
    return views;
  }
  std::unique_ptr<Updater> OpenBuilding(kv::Store* store) const {
    UpdaterOptions options = options_;
    options.now = At("2025-01-01T10:00:00Z");
    options.beside_others = true;
    return *Updater::Open(store, Rebuilt(), options);
  }
  static std::map<std::string, std::string> WithoutCommit(const kv::Store& store) {
    std::map<std::string, std::string> rows = RowsOf(store);
    rows.erase(CommitKey());
    return rows;
  }
  int Table(const Updater& updater, const std::string& source) const {
    const auto& tables = updater.live().tables;
    for (size_t i = 0; i < tables.size(); ++i) {
      if (tables[i]->table.source == source) return static_cast<int>(i);
    }
    return -1;
  }
  void Give(Updater* updater, const std::vector<std::vector<std::string>>& buys) const {
    const features::Source& source = plan_->sources[plan_->FindSource("buys")];
    ASSERT_TRUE(updater->Add(BatchOf(source, buys), {Table(*updater, "buys")}).ok());
  }
  static std::string CodeOf(const base::Status& status) {
    return status.ok() ? "ok" : std::string(base::ProblemsOf(status)[0].code.name);
  }
  // What Follow says when `other` was done to the store since the updater had what it has.
  template <typename Given, typename Other>
  std::string Followed(Given given, Other other) const {
    const Store store = NewStore();
    const auto updater = OpenAt(store.get(), "2025-01-01T10:00:00Z", AllViews(*plan_));
    given(updater.get());
    other(store.get());
    return CodeOf(updater->Follow());
  }

  const std::shared_ptr<const features::FeaturePlan> plan_ = PlanOf(kViews);
  const UpdaterOptions options_ = {.project = "shop", .now = {}, .chunks = {2, 2}};
};

TEST_F(UpdaterFollowTest, IsAsIfItHadBegunLater) {
  const std::vector<std::vector<std::string>> mine = {
      Buy("ann", "2025-01-01T08:10:00Z"), Buy("ann", "2025-01-01T09:50:00Z"),
      Buy("bob", "2025-01-01T09:50:00Z"), Buy("ann", "2024-12-31T08:30:00Z")};
  const std::vector<std::vector<std::string>> others = {
      Buy("ann", "2025-01-01T08:20:00Z"), Buy("ann", "2025-01-01T09:55:00Z"),
      Buy("cid", "2025-01-01T09:50:00Z"), Buy("ann", "2025-01-01T12:50:00Z")};
  const Store store = NewStore();
  const auto updater = OpenAt(store.get(), "2025-01-01T10:00:00Z", AllViews(*plan_));
  Give(updater.get(), mine);
  Apply(store.get(), others, "2025-01-01T13:00:00Z");
  ASSERT_TRUE(updater->Follow().ok());
  EXPECT_EQ(updater->Commit()->commit, 3);
  const Store expected = NewStore();
  Apply(expected.get(), others, "2025-01-01T13:00:00Z");
  Apply(expected.get(), mine, "2025-01-01T10:00:00Z");
  EXPECT_EQ(RowsOf(*store), RowsOf(*expected));
}

TEST_F(UpdaterFollowTest, GoesOnAsOftenAsOthersCommit) {
  const Store store = NewStore();
  const auto updater = OpenAt(store.get(), "2025-01-01T10:00:00Z", AllViews(*plan_));
  ASSERT_TRUE(updater->Follow().ok());
  for (int i = 0; i < 3; ++i) {
    Give(updater.get(), {Buy("bob", "2025-01-01T09:50:00Z")});
    Apply(store.get(), {Buy("ann", "2025-01-01T09:50:00Z")}, "2025-01-01T10:00:00Z");
    ASSERT_TRUE(updater->Follow().ok());
  }
  EXPECT_EQ(updater->Commit()->commit, 5);
}

// What another applied of an origin is what comes next, and what was given is not read again.
TEST_F(UpdaterFollowTest, OffsetsAreThoseOfNow) {
  const Store store = NewStore();
  const auto updater = OpenAt(store.get(), "2025-01-01T10:00:00Z", AllViews(*plan_));
  const int table = Table(*updater, "buys");
  EXPECT_EQ(*updater->Offset(table, "push:v"), 0);
  EXPECT_EQ(*updater->Offset(table, "push:w"), 0);
  updater->SetOffset(table, "push:w", 7);
  EXPECT_EQ(*updater->Offset(table, "push:w"), 7);
  const auto other = OpenAt(store.get(), "2025-01-01T10:00:00Z", AllViews(*plan_));
  other->SetOffset(table, "push:v", 5);
  ASSERT_TRUE(other->Commit().ok());
  ASSERT_TRUE(updater->Follow().ok());
  EXPECT_EQ(*updater->Offset(table, "push:v"), 5);
  EXPECT_EQ(*updater->Offset(table, "push:w"), 7);
}

TEST_F(UpdaterFollowTest, ATableThatIsBuiltAnewFollowsTheOneBefore) {
  const Store store = NewStore();
  const auto updater = OpenAt(store.get(), "2025-01-01T10:00:00Z", Rebuilt());
  const int table = Table(*updater, "buys");
  ASSERT_TRUE(updater->live().tables[table]->fresh);
  EXPECT_EQ(*updater->Offset(table, "push:w"), 0);
  updater->SetOffset(table, "push:w", 3);
  const auto other = OpenAt(store.get(), "2025-01-01T10:00:00Z", AllViews(*plan_));
  other->SetOffset(Table(*other, "buys"), "push:w", 5);
  ASSERT_TRUE(other->Commit().ok());
  ASSERT_TRUE(updater->Follow().ok());
  EXPECT_EQ(*updater->Offset(table, "push:w"), 3);
  EXPECT_TRUE(updater->Commit().ok());
}

TEST_F(UpdaterFollowTest, IsFencedForWhatOthersAppliedToo) {
  const auto commit = [&](kv::Store* store, auto act) {
    const auto other = OpenAt(store, "2025-01-01T10:00:00Z", AllViews(*plan_));
    act(other.get());
    ASSERT_TRUE(other->Commit().ok());
  };
  const auto file = [&](const std::string& path) {
    return [this, path](Updater* updater) {
      updater->AddFile(Table(*updater, "buys"), {.path = path, .bytes = 1, .tag = "t", .rows = 1});
    };
  };
  const auto offset = [&](const std::string& origin) {
    return [this, origin](Updater* updater) {
      const int table = Table(*updater, "buys");
      ASSERT_TRUE(updater->Offset(table, origin).ok());
      updater->SetOffset(table, origin, 9);
    };
  };
  const auto other = [&](auto act) { return [&, act](kv::Store* store) { commit(store, act); }; };
  EXPECT_EQ(Followed(file("a.csv"), other(file("a.csv"))), "store_fenced");
  EXPECT_EQ(Followed(file("a.csv"), other(file("b.csv"))), "ok");
  EXPECT_EQ(Followed(offset("push:w"), other(offset("push:w"))), "store_fenced");
  EXPECT_EQ(Followed(offset("push:w"), other(offset("push:v"))), "ok");
}

TEST_F(UpdaterFollowTest, IsFencedWhenTablesChange) {
  const auto nothing = [](Updater*) {};
  const auto update = [&](const std::string& views) {
    return [this, views](kv::Store* store) {
      const auto plan = PlanOf(views);
      const auto report =
          Update(store, AllViews(*plan), {{"buys", {Buy("ann", "2025-01-01T09:00:00Z")}}},
                 {.project = "shop", .now = At("2025-01-01T10:00:00Z")});
      ASSERT_TRUE(report.ok()) << report.status();
    };
  };
  const std::string views = kViews;
  EXPECT_EQ(Followed(nothing, update(views)), "ok");
  // A table came.
  EXPECT_EQ(Followed(nothing, update(views + R"(
  more: {entity: item, source: buys, window: 1h, features: {n: count()}}
)")),
            "store_fenced");
  // The table of `spend` was passed by.
  EXPECT_EQ(Followed(nothing, update(R"(
views:
  spend: {entity: user, source: buys, window: 1h, where: count > 0, features: {n: count()}}
)")),
            "store_fenced");
}

// A commit that another came before is made again, with all that was given.
TEST_F(UpdaterFollowTest, CommitsAgain) {
  const std::vector<std::vector<std::string>> buys = {Buy("ann", "2025-01-01T08:10:00Z"),
                                                      Buy("bob", "2025-01-01T09:50:00Z"),
                                                      Buy("ann", "2025-01-01T09:50:00Z")};
  const std::vector<std::vector<std::string>> others = {Buy("ann", "2025-01-01T09:55:00Z")};
  for (const bool rebuild : {false, true}) {
    const Store store = NewStore();
    const std::vector<LiveView> views = rebuild ? Rebuilt() : AllViews(*plan_);
    UpdaterOptions options = options_;
    options.now = At("2025-01-01T10:00:00Z");
    options.memory_bytes = 1;
    options.open_spill = &OpenSpillForTest;
    const auto updater = *Updater::Open(store.get(), views, options);
    Give(updater.get(), {buys[0], buys[1]});
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(updater->Follow().ok());
      Apply(store.get(), others, "2025-01-01T10:00:00Z");
      EXPECT_EQ(CodeOf(updater->Commit().status()), "store_fenced");
    }
    ASSERT_TRUE(updater->Follow().ok());
    Give(updater.get(), {buys[2]});
    const auto report = updater->Commit();
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->commit, 4);
    EXPECT_EQ(report->rows, 3);
    const Store expected = NewStore();
    for (int i = 0; i < 2; ++i) Apply(expected.get(), others, "2025-01-01T10:00:00Z");
    options.open_spill = {};
    ASSERT_TRUE(Update(expected.get(), views, {{"buys", buys}}, options).ok());
    EXPECT_EQ(RowsOf(*store), RowsOf(*expected));
  }
}

// Others' pushes leave the tables what they are, and the one that goes on from them says so too.
TEST_F(UpdaterFollowTest, KeepsTheVersionOfTheCatalogue) {
  const Store store = NewStore();
  const auto version = [&] {
    return Description::Read(**store->Read(), "shop")->commit.catalog_version;
  };
  const uint64_t before = version();
  const auto updater = OpenAt(store.get(), "2025-01-01T10:00:00Z", AllViews(*plan_));
  const auto builder = OpenAt(store.get(), "2025-01-01T10:00:00Z", Rebuilt());
  Give(updater.get(), {Buy("ann", "2025-01-01T09:50:00Z")});
  Apply(store.get(), {Buy("ann", "2025-01-01T12:50:00Z")}, "2025-01-01T13:00:00Z");
  EXPECT_EQ(version(), before);
  ASSERT_TRUE(updater->Follow().ok());
  ASSERT_TRUE(updater->Commit().ok());
  EXPECT_EQ(version(), before);
  ASSERT_TRUE(builder->Follow().ok());
  ASSERT_TRUE(builder->Commit().ok());
  EXPECT_NE(version(), before);
  EXPECT_EQ(CodeOf(updater->Follow()), "store_fenced");
}

// A table is loaded beside others, and changed by what comes after; its number is nobody else's.
TEST_F(UpdaterFollowTest, LoadsBesideOthers) {
  const std::vector<std::vector<std::string>> early = {
      Buy("ann", "2025-01-01T08:10:00Z"), Buy("bob", "2025-01-01T09:50:00Z"),
      Buy("ann", "2025-01-01T09:00:00Z"), Buy("ann", "2025-01-01T09:50:00Z")};
  const std::vector<std::vector<std::string>> late = {Buy("ann", "2025-01-01T09:40:00Z"),
                                                      Buy("cid", "2025-01-01T09:50:00Z")};
  const std::vector<std::vector<std::string>> others = {Buy("ann", "2025-01-01T09:55:00Z")};
  const Store store = NewStore();
  const auto building = OpenBuilding(store.get());
  Give(building.get(), early);
  ASSERT_TRUE(building->Load().ok());
  Apply(store.get(), others, "2025-01-01T10:00:00Z");
  EXPECT_EQ(CodeOf(building->Commit().status()), "store_fenced");
  ASSERT_TRUE(building->Follow().ok());
  Give(building.get(), late);
  Apply(store.get(), others, "2025-01-01T10:00:00Z");
  EXPECT_EQ(CodeOf(building->Commit().status()), "store_fenced");
  ASSERT_TRUE(building->Follow().ok());
  const auto report = building->Commit();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->commit, 5);
  EXPECT_EQ(report->rows, 6);

  const Store expected = NewStore();
  Apply(expected.get(), others, "2025-01-01T10:00:00Z");
  Apply(expected.get(), others, "2025-01-01T10:00:00Z");
  UpdaterOptions options = options_;
  options.now = At("2025-01-01T10:00:00Z");
  ASSERT_TRUE(Update(expected.get(), Rebuilt(), {{"buys", early}}, options).ok());
  Apply(expected.get(), late, "2025-01-01T10:00:00Z");
  EXPECT_EQ(WithoutCommit(*store), WithoutCommit(*expected));
}

TEST_F(UpdaterFollowTest, ATableThatSomebodyMadeMeanwhileHasAnotherNumber) {
  const Store store = NewStore();
  const auto building = OpenBuilding(store.get());
  Give(building.get(), {Buy("ann", "2025-01-01T09:50:00Z")});
  UpdaterOptions options = options_;
  options.now = At("2025-01-01T10:00:00Z");
  ASSERT_TRUE(
      Update(store.get(), Rebuilt(), {{"buys", {Buy("bob", "2025-01-01T09:50:00Z")}}}, options)
          .ok());
  const auto before = RowsOf(*store);
  ASSERT_TRUE(building->Load().ok());
  EXPECT_EQ(CodeOf(building->Follow()), "store_fenced");
  EXPECT_EQ(CodeOf(building->Commit().status()), "store_fenced");
  EXPECT_NE(RowsOf(*store), before);
  ASSERT_TRUE(building->DropLoaded().ok());
  EXPECT_EQ(RowsOf(*store), before);
}

TEST_F(UpdaterFollowTest, AVacuumEndsABuild) {
  const Store store = NewStore();
  const auto before = WithoutCommit(*store);
  const VacuumOptions vacuum{.project = "shop", .now = At("2025-01-01T10:00:00Z")};
  for (const bool loaded : {true, false}) {
    const auto building = OpenBuilding(store.get());
    Give(building.get(), {Buy("ann", "2025-01-01T09:50:00Z")});
    if (loaded) {
      ASSERT_TRUE(building->Load().ok());
    }
    const auto vacuumed = Vacuum(store.get(), AllViews(*plan_, false), vacuum);
    ASSERT_TRUE(vacuumed.ok()) << vacuumed.status();
    EXPECT_TRUE(vacuumed->changed);
    EXPECT_EQ(CodeOf(building->Follow()), "store_fenced");
    EXPECT_FALSE(Vacuum(store.get(), AllViews(*plan_, false), vacuum)->changed);
  }
  auto after = WithoutCommit(*store);
  after[CatalogKey()] = before.at(CatalogKey());  // the numbers are taken
  EXPECT_EQ(after, before);
  const auto building = OpenBuilding(store.get());
  Give(building.get(), {Buy("ann", "2025-01-01T09:50:00Z")});
  ASSERT_TRUE(building->Load().ok());
  ASSERT_TRUE(building->Commit().ok());
  const auto of_table = [&] {
    const std::string prefix =
        TablePrefix(building->live().tables[Table(*building, "buys")]->table.number);
    auto rows = RowsOf(*store);
    std::erase_if(rows, [&](const auto& row) { return !row.first.starts_with(prefix); });
    return rows;
  };
  const auto built = of_table();
  EXPECT_FALSE(built.empty());
  EXPECT_EQ(Vacuum(store.get(), AllViews(*plan_, false), vacuum)->tables_removed, 2);
  EXPECT_EQ(of_table(), built);
}

class LookingUpFollowTest : public UpdaterFollowTest {
 protected:
  LookingUpFollowTest() { EXPECT_TRUE(Look({Item("1.0", "2025-01-01T08:00:00Z")}, {}).ok()); }
  static std::vector<std::string> Item(const std::string& price, const std::string& time) {
    return {"pen", price, "k", time};
  }
  using Texts = std::vector<std::vector<std::string>>;
  base::Result<UpdateReport> LookIn(kv::Store* store, const Texts& items, const Texts& buys) const {
    UpdaterOptions options = options_;
    options.now = At("2025-01-01T10:00:00Z");
    return Update(store, AllViews(*looking_), {{"items", items}, {"buys", buys}}, options);
  }
  base::Result<UpdateReport> Look(const Texts& items, const Texts& buys) const {
    return LookIn(store_.get(), items, buys);
  }
  void Add(Updater* updater, const std::string& source,
           const std::vector<std::vector<std::string>>& rows) const {
    const features::Source& of = looking_->sources[looking_->FindSource(source)];
    ASSERT_TRUE(updater->Add(BatchOf(of, rows), {Table(*updater, source)}).ok());
  }

  const std::shared_ptr<const features::FeaturePlan> looking_ = PlanOf(R"(
views:
  item: {entity: item, source: items, features: [price]}
  spend:
    entity: user
    source: buys
    lookup: {item: item}
    window: 1d
    features: {sum: sum(item.price)}
)");
  const Store store_ = kv::MakeMemoryStore();
};

TEST_F(LookingUpFollowTest, LooksUpWhatOthersHaveCommitted) {
  const auto updater = OpenAt(store_.get(), "2025-01-01T10:00:00Z", AllViews(*looking_));
  Add(updater.get(), "buys", {Buy("ann", "2025-01-01T09:00:00Z")});
  ASSERT_TRUE(Look({Item("2.0", "2025-01-01T08:30:00Z")}, {}).ok());
  ASSERT_TRUE(updater->Follow().ok());
  Add(updater.get(), "buys", {Buy("bob", "2025-01-01T09:00:00Z")});
  ASSERT_TRUE(updater->Commit().ok());
  // Ann's looked it up before, and bob's after the other's row came.
  const Store expected = kv::MakeMemoryStore();
  ASSERT_TRUE(LookIn(expected.get(), {Item("1.0", "2025-01-01T08:00:00Z")}, {}).ok());
  ASSERT_TRUE(LookIn(expected.get(), {}, {Buy("ann", "2025-01-01T09:00:00Z")}).ok());
  ASSERT_TRUE(LookIn(expected.get(), {Item("2.0", "2025-01-01T08:30:00Z")}, {}).ok());
  ASSERT_TRUE(LookIn(expected.get(), {}, {Buy("bob", "2025-01-01T09:00:00Z")}).ok());
  EXPECT_EQ(WithoutCommit(*store_), WithoutCommit(*expected));
}

TEST_F(LookingUpFollowTest, CountsRowsThatComeTooLate) {
  const auto updater = OpenAt(store_.get(), "2025-01-01T10:00:00Z", AllViews(*looking_));
  Add(updater.get(), "items",
      {Item("2.0", "2025-01-01T08:30:00Z"), Item("3.0", "2025-01-01T09:30:00Z")});
  ASSERT_TRUE(Look({}, {Buy("ann", "2025-01-01T09:00:00Z")}).ok());
  ASSERT_TRUE(updater->Follow().ok());
  // Behind the event of the other; as is the first of those that come now.
  Add(updater.get(), "items",
      {Item("4.0", "2025-01-01T08:40:00Z"), Item("5.0", "2025-01-01T09:40:00Z")});
  EXPECT_EQ(updater->Commit()->lookup_behind, 2);
}

}  // namespace
}  // namespace millrace::state
