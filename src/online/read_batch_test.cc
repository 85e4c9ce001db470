// Several reads of one store at once: what they ask it for, whose errors are whose, and what a
// changed catalogue does to readers that knew another.
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "kv/store_testing.h"
#include "online/read_batch.h"
#include "state/state_testing.h"

namespace millrace::online {
namespace {

using base::EventTime;
using base::Result;
using base::Status;
using columns::ColumnBuffer;
using columns::Kind;
using state::At;

constexpr const char* kViews = R"yaml(
views:
  spend: {entity: user, source: buys, window: 1d, history: 2h, features: {n: count(), s: sum(amount)}}
  share: {entity: user, source: buys, window: 1d, history: 2h, features: {m: max(amount)}}
  item: {entity: item, source: items, features: [price, kind]}
)yaml";

// A store that counts, and sees the present at every call as Redis does.
class CountingStore final : public kv::Store {
 public:
  explicit CountingStore(const kv::Store& of) : of_(of) {}

  // What GetMany was called with, call by call, since the last time.
  std::vector<std::vector<std::string>> TakeCalls() const { return std::exchange(calls_, {}); }
  // Runs before each GetMany, with how many came before it.
  void Before(std::function<Status(size_t)> before) { before_ = std::move(before); }

  Result<std::unique_ptr<kv::Snapshot>> Read() const override {
    return std::make_unique<Present>(*this);
  }
  Result<std::unique_ptr<kv::Transaction>> Begin(kv::Guard) override { return Unused(); }
  Status BulkLoad(kv::RowReader*) override { return Unused(); }
  Status DeletePrefix(std::string_view) override { return Unused(); }
  Result<int64_t> SizeBytes() const override { return Unused(); }

 private:
  static Status Unused() { return Status::NotImplemented("not read"); }

  class Present final : public kv::Snapshot {
   public:
    explicit Present(const CountingStore& store) : store_(store) {}
    Result<kv::Found> GetMany(std::span<const std::string_view> keys) const override {
      if (store_.before_) ARROW_RETURN_NOT_OK(store_.before_(store_.calls_.size()));
      store_.calls_.emplace_back(keys.begin(), keys.end());
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const kv::Snapshot> now, store_.of_.Read());
      ARROW_ASSIGN_OR_RAISE(kv::Found found, now->GetMany(keys));
      found.owner = std::move(now);
      return found;
    }
    Result<std::unique_ptr<kv::RowReader>> Range(std::string_view) const override {
      return Unused();
    }

   private:
    const CountingStore& store_;
  };

  const kv::Store& of_;
  mutable std::vector<std::vector<std::string>> calls_;
  std::function<Status(size_t)> before_;
};

class TestClock final : public base::Clock {
 public:
  EventTime Now() const override { return now_; }
  void Set(const std::string& now) { now_ = At(now); }

 private:
  EventTime now_ = At("2025-01-01T12:00:00Z");
};

class ReadBatchTest : public testing::Test {
 protected:
  ReadBatchTest() : store_(kv::MakeMemoryStore()), counting_(*store_) {
    Apply({{"buys",
            {{"ann", "pen", "1.5", "1", "2025-01-01T10:00:00Z", "2025-01-01T10:00:00Z"},
             {"bob", "ink", "4", "2", "2025-01-01T11:00:00Z", "2025-01-01T11:00:00Z"},
             {"ann", "ink", "2", "2", "2025-01-01T11:30:00Z", "2025-01-01T11:30:00Z"}}},
           {"items", {{"pen", "0.5", "dry", "2025-01-01T09:00:00Z"}}}});
  }

  void Apply(const std::vector<state::Rows>& rows, bool rebuild = false) {
    std::vector<state::LiveView> views = state::AllViews(*plan_);
    for (state::LiveView& view : views) view.rebuild = rebuild;
    state::UpdaterOptions options;
    options.now = clock_.Now();
    const auto report = state::Update(store_.get(), views, rows, options);
    ASSERT_TRUE(report.ok()) << report.status();
  }

  FeatureReader Reader(const std::vector<std::string>& features) const {
    return {*plan_, *features::SelectFeatures(*plan_, features, false), "shop", clock_};
  }

  static Asked Ask(const std::string& column, const std::vector<std::string>& keys) {
    Asked asked;
    asked.rows = static_cast<int64_t>(keys.size());
    ColumnBuffer cells(Kind::kString);
    for (const std::string& key : keys) key.empty() ? cells.AppendNull() : cells.AppendString(key);
    asked.columns[column] = columns::Own(std::move(cells));
    return asked;
  }

  // Rows of values, "2 3.5; 1 4.0", or the error's code.
  static std::string Text(const Result<Answer>& answer) {
    if (!answer.ok()) return kv::CodeOf(answer.status());
    std::string text;
    for (int64_t row = 0; row < answer->rows; ++row) {
      if (row > 0) text += "; ";
      for (const AnswerColumn& column : answer->columns) {
        if (&column != &answer->columns[0]) text += " ";
        text += columns::ToText(column.values.value(row), column.values.type);
      }
    }
    return text;
  }

  std::vector<std::string> Read(const std::vector<std::pair<FeatureReader*, const Asked*>>& all) {
    std::vector<Reading> readings(all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      readings[i].reader = all[i].first;
      readings[i].asked = all[i].second;
    }
    ReadAll(counting_, readings);
    std::vector<std::string> texts;
    for (const Reading& reading : readings) texts.push_back(Text(reading.answer));
    return texts;
  }

  TestClock clock_;
  const std::shared_ptr<const features::FeaturePlan> plan_ = state::PlanOf(kViews);
  const std::unique_ptr<kv::Store> store_;
  CountingStore counting_;
};

using Texts = std::vector<std::string>;

TEST_F(ReadBatchTest, SeveralReadersAskTheStoreOnce) {
  FeatureReader spend = Reader({"spend:*"});
  FeatureReader item = Reader({"item:*"});
  const Asked users = Ask("user_id", {"ann", "", "zoe"});
  const Asked items = Ask("item_id", {"pen"});
  const Texts expected = {"2 3.5; null null; 0 null", "0.5 dry"};
  EXPECT_EQ(Read({{&spend, &users}, {&item, &items}}), expected);
  EXPECT_EQ(counting_.TakeCalls().size(), 2);  // what there is, then the heads
  EXPECT_EQ(Read({{&spend, &users}, {&item, &items}}), expected);
  const auto calls = counting_.TakeCalls();
  ASSERT_EQ(calls.size(), 1);
  EXPECT_EQ(calls[0].size(), 1 + 3);  // the newest commit
}

TEST_F(ReadBatchTest, NoReadingsAskNothing) {
  EXPECT_EQ(Read({}), Texts());
  EXPECT_EQ(counting_.TakeCalls().size(), 0);
}

TEST_F(ReadBatchTest, OneReaderSeveralTimes) {
  FeatureReader spend = Reader({"spend:*"});
  const Asked ann = Ask("user_id", {"ann"});
  const Asked bob = Ask("user_id", {"bob", "ann"});
  const Asked nobody = Ask("user_id", {});
  EXPECT_EQ(Read({{&spend, &ann}, {&spend, &bob}, {&spend, &nobody}, {&spend, &ann}}),
            (Texts{"2 3.5", "1 4.0; 2 3.5", "", "2 3.5"}));
  EXPECT_EQ(counting_.TakeCalls().size(), 2);
}

TEST_F(ReadBatchTest, AHeadIsAskedForOnceWhoeverWantsIt) {
  FeatureReader spend = Reader({"spend:*"});
  FeatureReader both = Reader({"spend:n", "share:m"});  // one table
  const Asked ann = Ask("user_id", {"ann", "ann"});
  const Texts expected = {"2 3.5; 2 3.5", "2 2.0; 2 2.0"};
  EXPECT_EQ(Read({{&spend, &ann}, {&both, &ann}}), expected);
  counting_.TakeCalls();
  EXPECT_EQ(Read({{&spend, &ann}, {&both, &ann}}), expected);
  const auto calls = counting_.TakeCalls();
  ASSERT_EQ(calls.size(), 1);
  EXPECT_EQ(calls[0].size(), 1 + 1);
}

TEST_F(ReadBatchTest, KeysTooLongForTheStore) {
  const std::string known(600, 'k');
  const std::string other = known + "x";
  Apply({{"buys", {{known, "pen", "7", "1", "2025-01-01T11:00:00Z", "2025-01-01T11:00:00Z"}}}});
  FeatureReader spend = Reader({"spend:*"});
  const Asked asked = Ask("user_id", {other, known});
  EXPECT_EQ(Read({{&spend, &asked}}), Texts{"0 null; 1 7.0"});
}

TEST_F(ReadBatchTest, ErrorsAreTheReadingsOwn) {
  FeatureReader spend = Reader({"spend:*"});
  FeatureReader item = Reader({"item:*"});
  FeatureReader elsewhere(*plan_, *features::SelectFeatures(*plan_, {"spend:n"}, false), "mine",
                          clock_);
  const auto unwritten = state::PlanOf(R"yaml(
views:
  later: {entity: user, source: buys, window: 9d, features: {n: count()}}
)yaml");
  FeatureReader later(*unwritten, *features::SelectFeatures(*unwritten, {"later:n"}, false), "shop",
                      clock_);
  const Asked users = Ask("user_id", {"bob"});
  const Asked items = Ask("item_id", {"pen"});
  Asked past = users;
  ColumnBuffer at(Kind::kTimestamp);
  at.AppendInt(At("2025-01-01T09:00:00Z").micros());  // before the view's history
  const columns::OwnedColumn times = columns::Own(std::move(at));
  past.as_of = times.view;
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(Read({{&spend, &past},
                    {&item, &users},
                    {&elsewhere, &users},
                    {&spend, &users},
                    {&later, &users},
                    {&item, &items}}),
              (Texts{"as_of_out_of_range", "missing_column", "conflict", "1 4.0", "not_ready",
                     "0.5 dry"}));
  }
}

TEST_F(ReadBatchTest, AnErrorOfTheStoreIsEverybodys) {
  FeatureReader spend = Reader({"spend:*"});
  FeatureReader item = Reader({"item:*"});
  const Asked users = Ask("user_id", {"bob"});
  const Asked items = Ask("item_id", {"pen"});
  counting_.Before([](size_t) { return base::Error(base::codes::kStoreUnavailable, "gone"); });
  EXPECT_EQ(Read({{&spend, &users}, {&item, &items}, {&item, &users}}),
            (Texts{"store_unavailable", "store_unavailable", "missing_column"}));
  counting_.Before(nullptr);
  EXPECT_EQ(Read({{&spend, &users}, {&item, &items}}), (Texts{"1 4.0", "0.5 dry"}));
}

TEST_F(ReadBatchTest, TablesThatWereBuiltAnewAreAskedAgain) {
  FeatureReader spend = Reader({"spend:*"});
  FeatureReader share = Reader({"share:m"});
  const Asked ann = Ask("user_id", {"ann"});
  const Asked bob = Ask("user_id", {"bob"});
  EXPECT_EQ(Read({{&spend, &ann}, {&share, &bob}}), (Texts{"2 3.5", "4.0"}));
  counting_.TakeCalls();
  Apply({{"buys", {{"ann", "pen", "9", "1", "2025-01-01T11:00:00Z", "2025-01-01T11:00:00Z"}}}},
        true);
  FeatureReader fresh = Reader({"spend:n"});
  const Texts expected = {"1 9.0", "null", "0", "0 null"};
  EXPECT_EQ(Read({{&spend, &ann}, {&share, &bob}, {&fresh, &bob}, {&spend, &bob}}), expected);
  EXPECT_EQ(counting_.TakeCalls().size(), 2);
  EXPECT_EQ(Read({{&spend, &ann}, {&share, &bob}, {&fresh, &bob}, {&spend, &bob}}), expected);
  EXPECT_EQ(counting_.TakeCalls().size(), 1);
}

// The first call of a fresh reader sees what there is; by the second it is something else.
TEST_F(ReadBatchTest, ACatalogueThatChangesBetweenTwoCalls) {
  FeatureReader spend = Reader({"spend:*"});
  FeatureReader item = Reader({"item:*"});
  const Asked ann = Ask("user_id", {"ann"});
  const Asked items = Ask("item_id", {"pen"});
  counting_.Before([&](size_t call) {
    if (call == 1) {
      Apply({{"buys", {{"ann", "pen", "9", "1", "2025-01-01T11:00:00Z", "2025-01-01T11:00:00Z"}}}},
            true);
    }
    return Status::OK();
  });
  EXPECT_EQ(Read({{&spend, &ann}, {&item, &items}}), (Texts{"1 9.0", "null null"}));
  EXPECT_EQ(counting_.TakeCalls().size(), 4);
}

// Every commit writes a catalogue that says since when its tables are complete; the tables are the
// same ones.
TEST_F(ReadBatchTest, RowsThatComeAreSeenWithoutTheCatalogue) {
  FeatureReader spend = Reader({"spend:*"});
  const Asked ann = Ask("user_id", {"ann"});
  EXPECT_EQ(Read({{&spend, &ann}}), Texts{"2 3.5"});
  counting_.TakeCalls();
  clock_.Set("2025-01-01T12:30:00Z");
  Apply({{"buys", {{"ann", "pen", "9", "1", "2025-01-01T11:00:00Z", "2025-01-01T11:00:00Z"}}}});
  EXPECT_EQ(Read({{&spend, &ann}}), Texts{"3 12.5"});
  const auto calls = counting_.TakeCalls();
  ASSERT_EQ(calls.size(), 1);
  EXPECT_EQ(calls[0].size(), 2);
}

// What a reader has because nothing was dropped for a while, it has until something is.
TEST_F(ReadBatchTest, AReaderThatWantsMoreThanIsKept) {
  const auto longer = state::PlanOf(R"yaml(
views:
  spend: {entity: user, source: buys, window: 1d, history: 3h, features: {n: count()}}
)yaml");
  FeatureReader spend(*longer, *features::SelectFeatures(*longer, {"spend:n"}, false), "shop",
                      clock_);
  const Asked ann = Ask("user_id", {"ann"});
  EXPECT_EQ(Read({{&spend, &ann}}), Texts{"not_ready"});
  clock_.Set("2025-01-01T13:30:00Z");
  EXPECT_EQ(Read({{&spend, &ann}}), Texts{"2"});
  EXPECT_EQ(Read({{&spend, &ann}}), Texts{"2"});
  Apply({{"buys", {{"ann", "pen", "9", "1", "2025-01-01T13:00:00Z", "2025-01-01T13:00:00Z"}}}});
  EXPECT_EQ(Read({{&spend, &ann}}), Texts{"not_ready"});
}

// Their memory is the reader's only once nobody has them any more.
TEST_F(ReadBatchTest, AnswersStayAsTheyAreWhileTheirReaderReadsOn) {
  Apply({{"items", {{"ink", "2.5", "wet", "2025-01-01T09:30:00Z"}}}});
  auto item = std::make_unique<FeatureReader>(
      *plan_, *features::SelectFeatures(*plan_, {"item:*"}, false), "shop", clock_);
  const std::vector<Asked> asked = {Ask("item_id", {"pen", "ink"}), Ask("item_id", {"ink"}),
                                    Ask("item_id", {"none", "", "pen"})};
  const Texts expected = {"0.5 dry; 2.5 wet", "2.5 wet", "null null; null null; 0.5 dry"};
  std::vector<std::pair<size_t, Answer>> held;
  for (size_t i = 0; i < 60; ++i) {
    auto answer = item->Read(*store_, asked[i % 3]);
    ASSERT_TRUE(answer.ok());
    if (i % 2 == 0) held.emplace_back(i % 3, *answer);
    if (i == 40) held.erase(held.begin(), held.begin() + 10);
  }
  item.reset();
  for (const auto& [i, answer] : held) {
    EXPECT_EQ(Text(answer), expected[i]);
    EXPECT_EQ(answer.columns[1].name, "kind");
    EXPECT_EQ(answer.columns[1].feature, "item:kind");
    EXPECT_EQ(answer.columns[0].event_times.data(), answer.columns[1].event_times.data());
  }
  const Answer& last = held.back().second;  // of the question with i = 58
  ASSERT_EQ(held.back().first, 1);
  EXPECT_EQ(last.columns[0].event_times[0], At("2025-01-01T09:30:00Z"));
  EXPECT_EQ(last.columns[0].statuses[0], CellStatus::kPresent);
  std::thread([&] { held.clear(); }).join();
}

TEST_F(ReadBatchTest, WhatThereIsToSayOfCellsThatAreNotThere) {
  FeatureReader item = Reader({"item:*"});
  const Asked asked = Ask("item_id", {"none", "", "pen"});
  const Answer answer = *item.Read(*store_, asked);
  const AnswerColumn& kind = answer.columns[1];
  EXPECT_EQ(std::vector(kind.statuses.begin(), kind.statuses.end()),
            (std::vector{CellStatus::kNotFound, CellStatus::kNotFound, CellStatus::kPresent}));
  EXPECT_EQ(std::vector(kind.rows.begin(), kind.rows.end()),
            (std::vector{RowStatus::kNotFound, RowStatus::kNullKey, RowStatus::kFound}));
  EXPECT_EQ(std::vector(kind.event_times.begin(), kind.event_times.end()),
            (std::vector{EventTime(), EventTime(), At("2025-01-01T09:00:00Z")}));
  EXPECT_EQ(answer.rows_null_key, 1);
}

TEST_F(ReadBatchTest, AStoreThatIsEmptiedAndFilledAgain) {
  FeatureReader spend = Reader({"spend:*"});
  const Asked ann = Ask("user_id", {"ann"});
  EXPECT_EQ(Read({{&spend, &ann}}), Texts{"2 3.5"});
  ASSERT_TRUE(store_->DeletePrefix("").ok());
  EXPECT_EQ(Read({{&spend, &ann}}), Texts{"not_ready"});
  Apply({{"buys", {{"ann", "pen", "9", "1", "2025-01-01T11:00:00Z", "2025-01-01T11:00:00Z"}}}});
  EXPECT_EQ(Read({{&spend, &ann}}), Texts{"1 9.0"});
}

}  // namespace
}  // namespace millrace::online
