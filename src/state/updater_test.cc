// What a store keeps: tested by the rows that are there, and by the commits. Values are the judge's
// business (tests/cases on engine online).
#include "state/updater.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "features/entity_key.h"
#include "state/state_testing.h"

namespace millrace::state {
namespace {

using base::EventTime;
using testing::HasSubstr;

constexpr const char* kSpend = R"(
views:
  spend:
    entity: user
    source: buys
    windows: [1h, 1d]
    history: 1h
    features: {n: count(), sum: sum(amount)}
)";

std::vector<std::string> Buy(const std::string& user, const std::string& time,
                             const std::string& amount = "1.5") {
  return {user, "pen", amount, "1", time, time};
}

std::string KeyOf(const std::string& user) {
  std::string key;
  const columns::Value value(user);
  const columns::Type type(columns::Kind::kString);
  EXPECT_TRUE(features::EncodeKey(std::span(&value, 1), std::span(&type, 1), &key));
  return key;
}

class UpdaterTest : public testing::Test {
 protected:
  base::Result<UpdateReport> Apply(const std::vector<Rows>& rows, const std::string& now) {
    options_.now = At(now);
    return Update(store_.get(), AllViews(*plan_), rows, options_);
  }
  UpdateReport Applied(const std::vector<Rows>& rows, const std::string& now) {
    const auto report = Apply(rows, now);
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    return report.ok() ? *report : UpdateReport();
  }
  Description Describe() const {
    const auto snapshot = store_->Read();
    const auto description = Description::Read(**snapshot, "shop");
    EXPECT_TRUE(description.ok());
    return *description;
  }

  std::shared_ptr<const features::FeaturePlan> plan_ = PlanOf(kSpend);
  std::unique_ptr<kv::Store> store_ = kv::MakeMemoryStore();
  UpdaterOptions options_;
};

TEST_F(UpdaterTest, NumbersItsCommitsAndWritesNothingWhenNothingIsNew) {
  const UpdateReport first =
      Applied({{"buys", {Buy("ann", "2025-01-01T10:00:00Z")}}}, "2025-01-01T10:00:00Z");
  EXPECT_EQ(first.commit, 1);
  EXPECT_EQ(first.rows, 1);
  const auto before = RowsOf(*store_);
  const UpdateReport second = Applied({}, "2025-01-01T12:00:00Z");
  EXPECT_FALSE(second.changed);
  EXPECT_EQ(second.commit, 1);
  EXPECT_EQ(RowsOf(*store_), before);
  EXPECT_EQ(
      Applied({{"buys", {Buy("bob", "2025-01-01T12:00:00Z")}}}, "2025-01-01T12:00:00Z").commit, 2);
  EXPECT_EQ(Describe().commit.wall_time, At("2025-01-01T12:00:00Z"));
}

TEST_F(UpdaterTest, HasTheSameRowsWhetherTheyCameAtOnceOrOneByOne) {
  options_.chunks = {2, 2};
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 23; ++i) {
    rows.push_back(
        Buy(i % 3 == 0 ? "bob" : "ann", "2025-01-01T10:" + std::to_string(10 + i) + ":00Z"));
  }
  const std::string now = "2025-01-01T11:00:00Z";
  Applied({{"buys", rows}}, now);
  auto at_once = RowsOf(*store_);
  store_ = kv::MakeMemoryStore();
  Applied({}, now);
  for (const auto& row : rows) Applied({{"buys", {row}}}, now);
  auto one_by_one = RowsOf(*store_);
  EXPECT_EQ(LettersOf(*store_, 1, KeyOf("ann")), "CCCCCCCGGGGHS");
  at_once.erase(std::string("\0commit", 7));
  one_by_one.erase(std::string("\0commit", 7));
  EXPECT_EQ(at_once, one_by_one);
}

TEST_F(UpdaterTest, KeepsWhatWindowsAndHistoryReachAndCountsTheRestAsExpired) {
  const UpdateReport report =
      Applied({{"buys",
                {Buy("ann", "2025-01-01T09:59:59Z"), Buy("ann", "2025-01-01T10:00:00Z"),
                 Buy("ann", "2025-01-02T10:30:00Z")}}},
              "2025-01-02T11:00:00Z");
  EXPECT_EQ(report.expired, 1);
  EXPECT_EQ(report.rows, 2);
}

TEST_F(UpdaterTest, DropsWholeChunksThatNobodyCanAskAbout) {
  options_.chunks = {2, 2};
  std::vector<std::vector<std::string>> old;
  for (int i = 0; i < 7; ++i)
    old.push_back(Buy("ann", "2025-01-01T10:0" + std::to_string(i) + ":00Z"));
  Applied({{"buys", old}}, "2025-01-01T11:00:00Z");
  EXPECT_EQ(LettersOf(*store_, 1, KeyOf("ann")), "CCCGGHS");
  Applied({{"buys", {Buy("ann", "2025-01-05T10:00:00Z"), Buy("ann", "2025-01-05T10:01:00Z")}}},
          "2025-01-05T11:00:00Z");
  // The open row of long ago closed a chunk with a new one, which goes once both have ended.
  EXPECT_EQ(LettersOf(*store_, 1, KeyOf("ann")), "CGHS");
}

TEST_F(UpdaterTest, FoldsWhatEveryQuestionSeesWholeIntoTiles) {
  plan_ = PlanOf(R"(
views:
  spend: {entity: user, source: buys, window: 2h, resolution: 10m, history: 1h, features: {n: count(), items: nunique(item_id)}}
)");
  std::vector<std::vector<std::string>> rows;
  for (int i = 10; i < 60; ++i)
    rows.push_back(Buy("ann", "2025-01-01T10:" + std::to_string(i) + ":00Z"));
  Applied({{"buys", rows}}, "2025-01-01T11:30:00Z");
  EXPECT_EQ(LettersOf(*store_, 1, KeyOf("ann")), "HT");
  const auto snapshot = store_->Read();
  const KeyRows key(1, KeyOf("ann"));
  const std::string head_key = key.Head();
  const std::string_view asked = head_key;
  const auto found = (*snapshot)->GetMany(std::span(&asked, 1));
  const auto head = KeyHead::Decode(*found->values[0]);
  EXPECT_EQ(head->open_rows, 30U);  // from 10:30 on, where questions still go
  EXPECT_TRUE(head->has_tiles);
  // Once they are out of every window, blocks go.
  Applied({{"buys", {Buy("ann", "2025-03-01T10:00:00Z")}}}, "2025-03-01T10:00:00Z");
  EXPECT_EQ(LettersOf(*store_, 1, KeyOf("ann")), "H");
}

TEST_F(UpdaterTest, KeepsOneRowOfASnapshotViewAndThoseThatHistoryNeeds) {
  plan_ = PlanOf("views:\n  item: {entity: item, source: items, history: 1h, features: [price]}\n");
  const auto price = [](const std::string& value, const std::string& time) {
    return std::vector<std::string>{"pen", value, "x", time};
  };
  const auto open_rows = [&] {
    const auto snapshot = store_->Read();
    const std::string key = KeyRows(1, KeyOf("pen")).Head();
    const std::string_view asked = key;
    return KeyHead::Decode(*(*snapshot)->GetMany(std::span(&asked, 1))->values[0])->open_rows;
  };
  Applied({{"items", {price("1.0", "2025-01-01T08:00:00Z"), price("2.0", "2025-01-01T09:00:00Z")}}},
          "2025-01-01T11:00:00Z");
  EXPECT_EQ(open_rows(), 1U);
  // Older ones never come back; the same one again changes nothing.
  Applied({{"items", {price("1.0", "2025-01-01T08:30:00Z"), price("2.0", "2025-01-01T09:00:00Z")}}},
          "2025-01-01T11:00:00Z");
  EXPECT_EQ(open_rows(), 1U);
  Applied({{"items", {price("3.0", "2025-01-01T11:00:00Z"), price("9.0", "2099-01-01T00:00:00Z")}}},
          "2025-01-01T11:00:00Z");
  EXPECT_EQ(open_rows(), 3U);
  Applied({{"items", {price("4.0", "2025-01-01T11:01:00Z")}}}, "2025-01-01T13:00:00Z");
  EXPECT_EQ(open_rows(), 2U);  // that of 11:01, and the one to come
}

TEST_F(UpdaterTest, SharesOneTableAmongViewsOverTheSameEvents) {
  plan_ = PlanOf(R"(
views:
  a: {entity: user, source: buys, window: 1h, features: {n: count(), s: sum(amount)}}
  b: {entity: user, source: buys, window: 1d, features: {m: max(amount), k: sum(count)}}
  c: {entity: user, source: buys, window: 1d, where: amount > 1, features: {m: max(amount)}}
)");
  Applied({{"buys", {Buy("ann", "2025-01-01T10:00:00Z")}}}, "2025-01-01T10:00:00Z");
  const Catalog catalog = Describe().catalog;
  ASSERT_EQ(catalog.tables.size(), 2U);
  EXPECT_EQ(catalog.tables[0].columns.size() + catalog.tables[1].columns.size(), 3U);
}

TEST_F(UpdaterTest, BuildsBesideWhatAChangedDefinitionNeeds) {
  Applied({{"buys", {Buy("ann", "2025-01-01T10:00:00Z")}}}, "2025-01-01T10:00:00Z");
  const auto same_input = PlanOf(
      "views:\n  spend: {entity: user, source: buys, windows: [1h, 1d], features: {n: count(), a: "
      "avg(amount), sum: sum(amount)}}\n");
  const auto wider = PlanOf(
      "views:\n  spend: {entity: user, source: buys, windows: [7d], features: {n: count()}}\n");
  const auto other_input = PlanOf(
      "views:\n  spend: {entity: user, source: buys, windows: [1h], features: {n: sum(count)}}\n");
  const Description description = Describe();
  const EventTime now = At("2025-01-01T10:00:00Z");
  EXPECT_TRUE(BindReady(*same_input, same_input->views[0], description.catalog, now));
  EXPECT_FALSE(BindReady(*wider, wider->views[0], description.catalog, now));
  EXPECT_FALSE(BindReady(*other_input, other_input->views[0], description.catalog, now));

  // Who does not build leaves them out; who does makes a table that has everything.
  auto updater = Updater::Open(store_.get(), AllViews(*wider, false), {"shop", now});
  ASSERT_TRUE(updater.ok());
  EXPECT_EQ((*updater)->live().missing.size(), 1U);
  EXPECT_TRUE((*updater)->live().tables.empty());
  plan_ = wider;
  Applied({{"buys", {Buy("ann", "2024-12-30T10:00:00Z"), Buy("ann", "2025-01-01T10:00:00Z")}}},
          "2025-01-01T10:00:00Z");
  const Catalog built = Describe().catalog;
  ASSERT_EQ(built.tables.size(), 2U);
  const auto ready = BindReady(*wider, wider->views[0], built, now);
  ASSERT_TRUE(ready.has_value());
  EXPECT_EQ(ready->table->number, 2U);
}

TEST_F(UpdaterTest, NeverServesATableAgainThatRowsDidNotReach) {
  Applied({{"buys", {Buy("ann", "2025-01-01T10:00:00Z")}}}, "2025-01-01T10:00:00Z");
  const auto former = plan_;
  const EventTime now = At("2025-01-01T10:00:00Z");
  plan_ = PlanOf(
      "views:\n  spend: {entity: user, source: buys, where: amount > 1, windows: [1h], "
      "features: {n: count()}}\n");
  Applied({}, "2025-01-01T10:00:00Z");
  EXPECT_TRUE(BindReady(*former, former->views[0], Describe().catalog, now));
  Applied({{"buys", {Buy("ann", "2025-01-01T10:00:00Z")}}}, "2025-01-01T10:00:00Z");
  EXPECT_FALSE(BindReady(*former, former->views[0], Describe().catalog, now));
  EXPECT_TRUE(BindReady(*plan_, plan_->views[0], Describe().catalog, now));
}

// The version of the catalogue tells who is bound to tables whether they have to look again.
TEST_F(UpdaterTest, KeepsTheVersionOfTheCatalogueWhileReadersStayBound) {
  const auto version = [&] { return Describe().commit.catalog_version; };
  Applied({{"buys", {Buy("ann", "2025-01-01T10:00:00Z")}}}, "2025-01-01T10:00:00Z");
  const uint64_t first = version();
  const EventTime since = Describe().catalog.tables[0].complete_since;
  Applied({{"buys", {Buy("bob", "2025-01-01T10:30:00Z")}}}, "2025-01-01T10:30:00Z");
  EXPECT_NE(Describe().catalog.tables[0].complete_since, since);
  EXPECT_EQ(version(), first);
  // Less is kept from now on: who asked further back no longer can.
  std::string less = kSpend;
  plan_ = PlanOf(less.replace(less.find("history: 1h"), 11, "history: 5m"));
  Applied({{"buys", {Buy("bob", "2025-01-01T11:32:00Z")}}}, "2025-01-01T11:32:00Z");
  const uint64_t shorter = version();
  EXPECT_NE(shorter, first);
  // Another table, and then the first one is passed by.
  plan_ = PlanOf(
      "views:\n  spend: {entity: user, source: buys, where: amount > 1, windows: [1h], "
      "features: {n: count()}}\n");
  Applied({}, "2025-01-01T11:32:00Z");
  const uint64_t two = version();
  EXPECT_NE(two, shorter);
  Applied({{"buys", {Buy("ann", "2025-01-01T11:40:00Z")}}}, "2025-01-01T11:40:00Z");
  const uint64_t passed = version();
  EXPECT_NE(passed, two);
  Applied({{"buys", {Buy("ann", "2025-01-01T11:41:00Z")}}}, "2025-01-01T11:41:00Z");
  EXPECT_EQ(version(), passed);
}

TEST_F(UpdaterTest, SaysSoWhenTheStoreIsAnEarlierMillraces) {
  Applied({{"buys", {Buy("ann", "2025-01-01T10:00:00Z")}}}, "2025-01-01T10:00:00Z");
  const std::string commit = *Describe().commit_bytes;
  auto change = store_->Begin({});
  ASSERT_TRUE((*change)->Put(CommitKey(), commit.substr(0, commit.size() - 8)).ok());
  ASSERT_TRUE((*change)->Commit().ok());
  const auto report = Apply({}, "2025-01-01T10:00:00Z");
  EXPECT_EQ(base::ProblemsOf(report.status())[0].code, base::codes::kStoreFormat);
}

TEST_F(UpdaterTest, RemembersFilesAndOffsetsOfEachTable) {
  options_.now = At("2025-01-01T10:00:00Z");
  options_.project = "shop";
  auto updater = *Updater::Open(store_.get(), AllViews(*plan_), options_);
  EXPECT_TRUE(updater->Files(0)->empty());
  const std::string long_path(600, 'p');
  updater->AddFile(0, {"a.parquet", 10, "tag", 3});
  updater->AddFile(0, {long_path, 11, "other", 4});
  updater->SetOffset(0, "push:w", 17);
  ASSERT_TRUE(updater->Commit().ok());
  updater = *Updater::Open(store_.get(), AllViews(*plan_), options_);
  const auto files = *updater->Files(0);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, "a.parquet");
  EXPECT_EQ(files[0].tag, "tag");
  EXPECT_EQ(files[0].rows, 3);
  EXPECT_EQ(files[1].path, long_path);
  EXPECT_EQ(*updater->Offset(0, "push:w"), 17);
  EXPECT_EQ(*updater->Offset(0, "push:v"), 0);
}

TEST_F(UpdaterTest, IsFencedByAWriterThatCameBetween) {
  Applied({}, "2025-01-01T10:00:00Z");
  options_.project = "shop";
  options_.now = At("2025-01-01T10:00:00Z");
  auto slept = *Updater::Open(store_.get(), AllViews(*plan_), options_);
  const columns::EventBatch batch =
      BatchOf(plan_->sources[plan_->FindSource("buys")], {Buy("ann", "2025-01-01T10:00:00Z")});
  ASSERT_TRUE(slept->Add(batch, {0}).ok());
  Applied({{"buys", {Buy("bob", "2025-01-01T10:00:00Z")}}}, "2025-01-01T10:00:00Z");
  const auto before = RowsOf(*store_);
  const auto late = slept->Commit();
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(base::ProblemsOf(late.status())[0].code, base::codes::kStoreFenced);
  EXPECT_EQ(RowsOf(*store_), before);
}

TEST_F(UpdaterTest, RefusesTheStoreOfAnotherProject) {
  Applied({{"buys", {Buy("ann", "2025-01-01T10:00:00Z")}}}, "2025-01-01T10:00:00Z");
  const auto other = Updater::Open(store_.get(), AllViews(*plan_), {"lab", EventTime()});
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.status().ToString(), HasSubstr("belongs to project 'shop'"));
}

TEST_F(UpdaterTest, LeavesNothingOfABuildThatFailed) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 50; ++i) rows.push_back(Buy("u" + std::to_string(i), "2025-01-01T10:00:00Z"));
  options_.memory_bytes = 1;
  options_.open_spill = &OpenSpillForTest;
  const auto full = [] { return base::Error(base::codes::kDiskFull, "full"); };
  options_.open_spill = full;
  EXPECT_FALSE(Apply({{"buys", rows}}, "2025-01-01T10:00:00Z").ok());
  EXPECT_TRUE(RowsOf(*store_).empty());
  options_.open_spill = &OpenSpillForTest;
  Applied({{"buys", rows}}, "2025-01-01T10:00:00Z");
  const auto spilled = RowsOf(*store_);
  store_ = kv::MakeMemoryStore();
  options_.memory_bytes = 1 << 30;
  Applied({{"buys", rows}}, "2025-01-01T10:00:00Z");
  EXPECT_EQ(RowsOf(*store_), spilled);
}

TEST_F(UpdaterTest, CountsRowsOfALookedUpViewThatComeTooLate) {
  plan_ = PlanOf(R"(
views:
  catalog: {entity: item, source: items, features: [price, kind]}
  spend: {entity: user, source: buys, lookup: {it: catalog}, window: 1d, features: {p: sum(it.price)}}
)");
  const auto item = [](const std::string& price, const std::string& time) {
    return std::vector<std::string>{"pen", price, "k", time};
  };
  const UpdateReport first = Applied({{"items", {item("1.0", "2025-01-01T08:00:00Z")}},
                                      {"buys", {Buy("ann", "2025-01-01T10:00:00Z")}}},
                                     "2025-01-01T10:00:00Z");
  EXPECT_EQ(first.lookup_behind, 0);
  const UpdateReport second = Applied(
      {{"items", {item("2.0", "2025-01-01T09:00:00Z"), item("3.0", "2025-01-01T10:30:00Z")}}},
      "2025-01-01T11:00:00Z");
  EXPECT_EQ(second.lookup_behind, 1);
}

TEST_F(UpdaterTest, TellsLongKeysApartAndKeepsThemWhole) {
  const std::string a(700, 'a');
  const std::string b = a + "b";
  Applied({{"buys", {Buy(a, "2025-01-01T10:00:00Z"), Buy(b, "2025-01-01T10:00:00Z")}}},
          "2025-01-01T10:00:00Z");
  Applied({{"buys", {Buy(a, "2025-01-01T10:10:00Z")}}}, "2025-01-01T10:10:00Z");
  const auto snapshot = store_->Read();
  for (const auto& [user, rows] : {std::pair(a, 2U), std::pair(b, 1U)}) {
    const std::string key = KeyRows(1, KeyOf(user)).Head();
    EXPECT_LE(key.size(), kv::kKeyBytesMax);
    const std::string_view asked = key;
    const auto found = (*snapshot)->GetMany(std::span(&asked, 1));
    ASSERT_TRUE(found->values[0].has_value());
    const auto head = KeyHead::Decode(*found->values[0]);
    EXPECT_EQ(head->whole_key, KeyOf(user));
    EXPECT_EQ(head->open_rows, rows);
  }
}

}  // namespace
}  // namespace millrace::state
