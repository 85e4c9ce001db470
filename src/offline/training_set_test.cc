#include "offline/training_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "features/selection.h"
#include "offline/source_testing.h"

namespace millrace::offline {
namespace {

using ::testing::HasSubstr;

constexpr const char* kDefinitions = R"(
entities:
  user: {keys: {user_id: string}}
  item: {keys: {item_id: int64}}
sources:
  purchases:
    path: purchases.csv
    timestamp: event_time
    columns: {event_time: timestamp, user_id: string, item_id: int64, amount: float64}
  late:
    path: late.csv
    timestamp: event_time
    created: known_at
    columns: {event_time: timestamp, known_at: timestamp, user_id: string, amount: int64}
  profiles:
    path: profiles.csv
    timestamp: event_time
    created: known_at
    columns: {event_time: timestamp, known_at: timestamp, user_id: string, city: string, age: int64}
  items:
    path: items.csv
    timestamp: event_time
    columns: {event_time: timestamp, item_id: int64, price: float64}
views:
  spend:
    entity: user
    source: purchases
    windows: [1h, 2h]
    features:
      n: count()
      sum: sum(amount)
      big: count() filter (where amount > 5)
    derived:
      ratio: sum_1h / sum_2h
  defaulted:
    entity: user
    source: purchases
    window: 1h
    features: {d: {value: last(amount), default: 0.5}}
    derived: {twice: d * 2}
  late_spend: {entity: user, source: late, window: 1h, features: {late_sum: sum(amount)}}
  profile: {entity: user, source: profiles, ttl: 1d, features: [city, age]}
  item_price: {entity: item, source: items, features: [price]}
  margins:
    entity: user
    source: purchases
    lookup: {item: item_price}
    where: item.price is not null
    window: all
    features: {margin: sum(amount - item.price)}
on_demand:
  offer:
    inputs: [spend]
    request: {price: float64}
    features: {price_vs_sum: price / sum_1h, plain: sum_1h + 1}
labels:
  buys_again: {entity: user, source: purchases, window: 1h, value: count()}
services:
  both:
    features: ["spend:n_1h", {view: item_price, as: other, keys: {item_id: other_id}}]
)";

constexpr const char* kPurchases = R"(
  2025-01-01T09:00:00Z | ann | 1 | 5
  2025-01-01T09:30:00Z | ann | 2 | 20
  2025-01-01T10:00:00Z | ann | 1 | 7
  2025-01-01T10:30:00Z | bob | 3 | 2.5
  2025-01-01T11:00:00Z | ann | 2 | 1
)";

class TrainingSetTest : public ::testing::Test {
 protected:
  TrainingSetTest() : plan_(PlanOf(kDefinitions)) { sources_.tables["purchases"] = kPurchases; }

  base::Result<TrainingSet> Make(const std::vector<std::string>& features,
                                 const std::string& spine) {
    request_.plan = plan_.get();
    if (!features.empty()) {
      ARROW_ASSIGN_OR_RAISE(request_.selection,
                            features::SelectFeatures(*plan_, features, full_names_));
    }
    if (!spine.empty()) request_.spine = TableOf(spine);
    return MakeTrainingSet(request_, sources_.Opener());
  }

  std::string Rows(const std::vector<std::string>& features, const std::string& spine,
                   const std::vector<std::string>& columns) {
    const auto made = Make(features, spine);
    if (!made.ok()) return made.status().ToString();
    report_ = made->report;
    return TextOf(*made->table, columns);
  }

  int64_t Nulls(const std::string& column, const std::string& reason) const {
    for (const NullCells& cells : report_.null_cells) {
      if (cells.column == column && cells.reason == reason) return cells.count;
    }
    return 0;
  }

  std::shared_ptr<const features::FeaturePlan> plan_;
  TextSources sources_;
  TrainingSetRequest request_;
  bool full_names_ = false;
  Report report_;
};

TEST_F(TrainingSetTest, WindowsHoldTheirOldestInstantAndNotTheQuestion) {
  EXPECT_EQ(Rows({"spend:*"},
                 "event_timestamp timestamp | user_id string\n"
                 "2025-01-01T10:00:00Z | ann\n"
                 "2025-01-01T10:00:00.000001Z | ann\n"
                 "2025-01-01T10:00:00Z | zoe\n",
                 {"user_id", "n_1h", "n_2h", "sum_1h", "big_1h", "ratio"}),
            "ann | 2 | 2 | 25.0 | 1 | 1.0\n"
            "ann | 2 | 3 | 27.0 | 2 | 0.84375\n"
            "zoe | 0 | 0 | null | 0 | null\n");
  EXPECT_EQ(Nulls("sum_1h", "not_found"), 1);
  EXPECT_EQ(Nulls("ratio", "null_value"), 1);
  EXPECT_THAT(report_.assumptions[0], HasSubstr("online the instant they happen"));
}

TEST_F(TrainingSetTest, KeepsTheSpineAsItIs) {
  const auto made = Make({"spend:n_1h"},
                         "x string | event_timestamp timestamp | user_id string\n"
                         "b | 2025-01-01T10:30:00Z | ann\n"
                         "a | 2025-01-01T09:30:00Z | ann\n"
                         "b | 2025-01-01T10:30:00Z | ann\n"
                         "- | - | ann\n"
                         "c | 2025-01-01T10:30:00Z | -\n");
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  report_ = made->report;
  EXPECT_EQ(made->table->schema()->field_names(),
            (std::vector<std::string>{"x", "event_timestamp", "user_id", "n_1h"}));
  EXPECT_EQ(TextOf(*made->table, {"x", "user_id", "n_1h"}),
            "b | ann | 2\na | ann | 1\nb | ann | 2\nnull | ann | null\nc | null | null\n");
  EXPECT_EQ(report_.rows_null_key, 1);
  EXPECT_EQ(report_.rows_null_time, 1);
  EXPECT_EQ(Nulls("n_1h", "null_key"), 1);
  EXPECT_EQ(Nulls("n_1h", "null_time"), 1);
}

TEST_F(TrainingSetTest, DefaultsReplaceNullBeforeDerivedFeaturesSeeIt) {
  EXPECT_EQ(Rows({"defaulted:*"},
                 "event_timestamp timestamp | user_id string\n"
                 "2025-01-01T10:30:00Z | ann\n"
                 "2025-01-01T10:30:00Z | zoe\n"
                 "2025-01-01T10:30:00Z | -\n",
                 {"d", "twice"}),
            "7.0 | 14.0\n0.5 | 1.0\n0.5 | 1.0\n");
}

constexpr const char* kLate = R"(
  2025-01-01T09:10:00Z | 2025-01-01T09:50:00Z | ann | 1
  2025-01-01T09:20:00Z | 2025-01-01T09:20:00Z | ann | 10
  2025-01-01T09:30:00Z | 2025-01-01T12:00:00Z | ann | 100
  2025-01-01T09:40:00Z | 2025-01-01T09:00:00Z | ann | 1000
)";

TEST_F(TrainingSetTest, AnEventCountsOnceItIsKnown) {
  sources_.tables["late"] = kLate;
  const std::string spine =
      "event_timestamp timestamp | user_id string\n"
      "2025-01-01T09:40:00Z | ann\n"
      "2025-01-01T09:40:00.000001Z | ann\n"
      "2025-01-01T09:50:00Z | ann\n"
      "2025-01-01T10:15:00Z | ann\n"
      "2025-01-01T12:00:00Z | ann\n";
  EXPECT_EQ(Rows({"late_spend:late_sum"}, spine, {"late_sum"}), "10\n1010\n1011\n1010\nnull\n");
  EXPECT_TRUE(report_.assumptions.empty());
  request_.ignore_created = true;
  EXPECT_EQ(Rows({"late_spend:late_sum"}, spine, {"late_sum"}), "111\n1111\n1111\n1110\nnull\n");
  EXPECT_EQ(report_.rows_changed, 4);
  ASSERT_EQ(report_.changed.size(), 1u);
  EXPECT_EQ(report_.changed[0].count, 4);
  EXPECT_EQ(report_.changed[0].largest, 101.0);
  EXPECT_EQ(report_.changed[0].largest_row, "user_id=ann at 2025-01-01T09:40:00Z");
}

TEST_F(TrainingSetTest, TheNewestRowWins) {
  sources_.tables["profiles"] = R"(
    2025-01-01T09:00:00Z | 2025-01-01T09:00:00Z | ann | oslo | 30
    2025-01-01T10:00:00Z | 2025-01-01T10:30:00Z | ann | rome | 31
    2025-01-01T11:00:00Z | 2025-01-01T11:00:00Z | ann | -    | 32
    2025-01-01T12:00:00Z | 2025-01-01T12:00:00Z | ann | bern | 40
    2025-01-01T12:00:00Z | 2025-01-01T12:00:00Z | ann | bonn | 40
    2025-01-01T12:00:00Z | 2025-01-01T12:00:00Z | ann | zug  | 39
  )";
  EXPECT_EQ(Rows({"profile:*"},
                 "event_timestamp timestamp | user_id string\n"
                 "2025-01-01T08:00:00Z | ann\n"
                 "2025-01-01T09:00:00Z | ann\n"
                 "2025-01-01T10:00:00Z | ann\n"
                 "2025-01-01T10:30:00Z | ann\n"
                 "2025-01-01T11:00:00Z | ann\n"
                 "2025-01-01T12:00:00Z | ann\n"
                 "2025-01-02T12:00:00Z | ann\n"
                 "2025-01-02T12:00:00.000001Z | ann\n",
                 {"city", "age"}),
            "null | null\noslo | 30\noslo | 30\nrome | 31\nnull | 32\n"
            "bonn | 40\nbonn | 40\nnull | null\n");
  EXPECT_EQ(Nulls("city", "not_found"), 1);
  EXPECT_EQ(Nulls("city", "null_value"), 1);
  EXPECT_EQ(Nulls("city", "outside_max_age"), 1);
}

TEST_F(TrainingSetTest, LabelsLookForwardAndWaitForTheirEnd) {
  request_.labels = {plan_->FindLabel("buys_again")};
  EXPECT_EQ(Rows({"spend:n_1h"},
                 "event_timestamp timestamp | user_id string\n"
                 "2025-01-01T09:00:00Z | ann\n"
                 "2025-01-01T10:00:00Z | ann\n"
                 "2025-01-01T10:00:00.000001Z | ann\n"
                 "2025-01-01T09:00:00Z | zoe\n",
                 {"n_1h", "buys_again"}),
            "0 | 2\n2 | 1\n2 | null\n0 | 0\n");
  ASSERT_EQ(report_.labels_not_over.size(), 1u);
  EXPECT_EQ(report_.labels_not_over[0].count, 1);
}

TEST_F(TrainingSetTest, LookupsGiveTheRowAtTheEventsOwnTime) {
  sources_.tables["items"] = R"(
    2025-01-01T08:00:00Z | 1 | 1
    2025-01-01T09:30:00Z | 2 | 2
    2025-01-01T09:45:00Z | 1 | 3
  )";
  for (const size_t batch_rows : {size_t{1}, size_t{2}, size_t{1000}}) {
    sources_.batch_rows = batch_rows;
    // 5 - 1, 20 - 2, 7 - 3; bob's item is in no catalogue.
    EXPECT_EQ(Rows({"margins:margin"},
                   "event_timestamp timestamp | user_id string\n"
                   "2025-01-01T10:30:00Z | ann\n"
                   "2025-01-01T11:30:00Z | bob\n",
                   {"margin"}),
              "26.0\nnull\n");
  }
}

TEST_F(TrainingSetTest, OnDemandFeaturesReadRequestFieldsFromTheSpine) {
  EXPECT_EQ(Rows({"offer:*"},
                 "event_timestamp timestamp | user_id string | price int64\n"
                 "2025-01-01T10:00:00Z | ann | 50\n",
                 {"price_vs_sum", "plain"}),
            "2.0 | 26.0\n");
  const auto missing =
      Make({"offer:*"}, "event_timestamp timestamp | user_id string\n2025-01-01T10:00:00Z | ann\n");
  EXPECT_EQ(base::ProblemsOf(missing.status())[0].code, base::codes::kMissingColumn);
  EXPECT_THAT(missing.status().ToString(), HasSubstr("price"));
  // A feature that does not read the field does not need it.
  EXPECT_EQ(
      Rows({"offer:plain"},
           "event_timestamp timestamp | user_id string\n2025-01-01T10:00:00Z | ann\n", {"plain"}),
      "26.0\n");
}

TEST_F(TrainingSetTest, WithoutASpineEveryKeyWithSomethingToSayIsListed) {
  request_.steps = Steps{*base::ParseTime("2025-01-01T09:30:00Z"),
                         *base::ParseTime("2025-01-01T13:00:00Z"), base::Duration::Seconds(3600)};
  request_.labels = {plan_->FindLabel("buys_again")};
  EXPECT_EQ(Rows({"spend:n_1h"}, "", {"user_id", "event_timestamp", "n_1h", "buys_again"}),
            "ann | 2025-01-01T09:30:00Z | 1 | 1\n"
            "ann | 2025-01-01T10:30:00Z | 2 | null\n"
            "ann | 2025-01-01T11:30:00Z | 1 | null\n"
            "bob | 2025-01-01T11:30:00Z | 1 | null\n"
            "ann | 2025-01-01T12:30:00Z | 0 | null\n"
            "bob | 2025-01-01T12:30:00Z | 0 | null\n");
  const auto two = Make({"spend:n_1h", "item_price:price"}, "");
  EXPECT_EQ(base::ProblemsOf(two.status())[0].code, base::codes::kUsage);
  request_.labels.clear();
  request_.steps->every = base::Duration::Micros(1);
  EXPECT_THAT(Make({"spend:n_1h"}, "").status().ToString(), HasSubstr("more steps"));
}

TEST_F(TrainingSetTest, AliasesReadAViewUnderOtherKeys) {
  sources_.tables["items"] = "2025-01-01T08:00:00Z | 7 | 1.5";
  full_names_ = true;
  request_.plan = plan_.get();
  request_.selection = *features::SelectService(*plan_, "both", true);
  EXPECT_EQ(Rows({},
                 "event_timestamp timestamp | user_id string | other_id string\n"
                 "2025-01-01T10:00:00Z | ann | 7\n",
                 {"spend__n_1h", "other__price"}),
            "2 | 1.5\n");
}

TEST_F(TrainingSetTest, RejectedRowsAreCountedAndStrictRefusesThem) {
  sources_.tables["purchases"] += R"(
    -                    | ann | 1 | 5
    2025-01-01T09:40:00Z | -   | 1 | 5
    2025-01-01T09:40:00Z | !   | 1 | 5
    2025-01-01T09:40:00Z | ann | 1 | !
  )";
  const std::string spine =
      "event_timestamp timestamp | user_id string\n2025-01-01T10:00:00Z | ann\n";
  EXPECT_EQ(Rows({"spend:*"}, spine, {"n_1h", "sum_1h", "big_1h"}), "3 | 25.0 | 1\n");
  std::map<std::string, int64_t> counts;
  for (const auto& reason : report_.rejected.reasons) {
    counts[reason.where + ": " + reason.code] += reason.count;
  }
  EXPECT_EQ(counts,
            (std::map<std::string, int64_t>{{"source purchases: null_event_time", 1},
                                            {"view spend: null_key", 1},
                                            {"view spend: unreadable_key", 1},
                                            {"features spend:sum_1h, spend:sum_2h: bad_cast", 1},
                                            {"features spend:big_1h, spend:big_2h: bad_cast", 1}}));
  request_.strict = true;
  const auto strict = Make({"spend:*"}, spine);
  EXPECT_EQ(base::ProblemsOf(strict.status())[0].code, base::codes::kStrict);
  EXPECT_THAT(strict.status().ToString(), HasSubstr("null_key"));
}

TEST_F(TrainingSetTest, ClashingNamesAreAnErrorThatListsBoth) {
  const auto spine = Make({"spend:n_1h"},
                          "event_timestamp timestamp | user_id string | n_1h int64\n"
                          "2025-01-01T10:00:00Z | ann | 1\n");
  EXPECT_EQ(base::ProblemsOf(spine.status())[0].code, base::codes::kDuplicate);
  EXPECT_THAT(spine.status().ToString(), HasSubstr("spend:n_1h"));
  EXPECT_THAT(spine.status().ToString(), HasSubstr("the spine's column"));
}

TEST_F(TrainingSetTest, ASpineThatDoesNotFitNamesColumnRowAndExpectation) {
  const auto no_key = Make({"spend:n_1h"}, "event_timestamp timestamp | userid string\n");
  EXPECT_EQ(base::ProblemsOf(no_key.status())[0].code, base::codes::kMissingColumn);
  EXPECT_THAT(no_key.status().ToString(), HasSubstr("userid"));
  const auto bad_time = Make({"spend:n_1h"},
                             "event_timestamp string | user_id string\n"
                             "2025-01-01 | ann\nyesterday | ann\n");
  EXPECT_EQ(base::ProblemsOf(bad_time.status())[0].code, base::codes::kSpine);
  EXPECT_THAT(bad_time.status().ToString(), HasSubstr("row 2"));
  EXPECT_THAT(bad_time.status().ToString(), HasSubstr("yesterday"));
  const auto integers = Make({"spend:n_1h"}, "event_timestamp int64 | user_id string\n5 | ann\n");
  EXPECT_THAT(integers.status().ToString(), HasSubstr("expected timestamps"));
  const auto bad_key =
      Make({"item_price:price"}, "event_timestamp timestamp | item_id float64\n2025-01-01 | 1.5\n");
  EXPECT_THAT(bad_key.status().ToString(), HasSubstr("item_id"));
}

TEST_F(TrainingSetTest, EmptySpinesAndSourcesGiveEmptyAnswers) {
  EXPECT_EQ(Rows({"spend:*"}, "event_timestamp timestamp | user_id string\n", {"n_1h"}), "");
  sources_.tables["purchases"] = "";
  request_.labels = {plan_->FindLabel("buys_again")};
  EXPECT_EQ(
      Rows({"spend:*"}, "event_timestamp timestamp | user_id string\n2025-01-01T10:00:00Z | ann\n",
           {"n_1h", "sum_1h", "buys_again"}),
      "0 | null | null\n");
}

TEST_F(TrainingSetTest, NaNAndZeroAreCanonicalInPassedThroughColumns) {
  request_.plan = plan_.get();
  request_.selection = *features::SelectFeatures(*plan_, {"spend:n_1h"}, false);
  columns::ColumnBuffer ids(columns::Kind::kString);
  columns::ColumnBuffer times(columns::Kind::kTimestamp);
  for (int i = 0; i < 3; ++i) {
    ids.AppendString("ann");
    times.AppendInt(0);
  }
  const double odd_nan = std::bit_cast<double>(uint64_t{0xfff0000000000001});
  const auto bytes = std::vector<double>{-0.0, odd_nan, 1.5};
  const auto data =
      arrow::ArrayData::Make(arrow::float64(), 3, {nullptr, arrow::Buffer::FromVector(bytes)});
  const auto child = arrow::ArrayData::Make(arrow::struct_({arrow::field("f", arrow::float64())}),
                                            3, {nullptr}, {data});
  request_.spine = arrow::Table::Make(
      arrow::schema(
          {arrow::field("user_id", arrow::utf8()),
           arrow::field("event_timestamp", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
           arrow::field("f", arrow::float64()), arrow::field("s", child->type)}),
      arrow::ArrayVector{*columns::ToArrow(ids.View()), *columns::ToArrow(times.View()),
                         arrow::MakeArray(data), arrow::MakeArray(child)});
  const auto made = MakeTrainingSet(request_, sources_.Opener());
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  const auto plain = made->table->GetColumnByName("f")->chunk(0)->data();
  const auto nested = made->table->GetColumnByName("s")->chunk(0)->data()->child_data[0];
  for (const auto& values : {plain, nested}) {
    const auto* bits = values->GetValues<uint64_t>(1);
    EXPECT_EQ(bits[0], 0u);
    EXPECT_EQ(bits[1], 0x7ff8000000000000u);
    EXPECT_EQ(std::bit_cast<double>(bits[2]), 1.5);
  }
}

TEST_F(TrainingSetTest, ReadsEachSourceOnceWithTheColumnsItNeeds) {
  request_.labels = {plan_->FindLabel("buys_again")};
  ASSERT_TRUE(Make({"spend:n_1h", "defaulted:d"},
                   "event_timestamp timestamp | user_id string\n2025-01-01T10:00:00Z | ann\n")
                  .ok());
  ASSERT_EQ(sources_.opened.size(), 1u);
  const auto& purchases = plan_->sources[plan_->FindSource("purchases")];
  ASSERT_EQ(sources_.opened["purchases"].size(), 1u);
  for (const int column : sources_.opened["purchases"][0]) {
    EXPECT_NE(purchases.columns[column].name, "item_id");
  }
}

TEST_F(TrainingSetTest, BatchesThreadsAndOrderOfEventsDoNotMatter) {
  std::string forwards;
  std::string backwards;
  std::string spine = "event_timestamp timestamp | user_id string\n";
  for (int i = 0; i < 200; ++i) {
    const std::string time =
        base::FormatTime(base::EventTime::Micros(int64_t{60'000'000} * (i * 37 % 101)));
    const std::string user = "u" + std::to_string(i * i % 7);
    const std::string line = time + " | " + user + " | 1 | " + std::to_string(i * 0.1) + "\n";
    forwards += line;
    backwards = line + backwards;
    spine += time + " | " + user + "\n";
  }
  const std::vector<std::string> columns = {"n_1h", "sum_1h", "sum_2h", "big_1h", "ratio"};
  sources_.tables["purchases"] = forwards;
  request_.threads = 1;
  const std::string expected = Rows({"spend:*"}, spine, columns);
  for (const int threads : {1, 2, 5}) {
    for (const size_t batch_rows : {size_t{1}, size_t{17}, size_t{1000}}) {
      request_.threads = threads;
      sources_.batch_rows = batch_rows;
      sources_.tables["purchases"] = backwards;
      EXPECT_EQ(Rows({"spend:*"}, spine, columns), expected) << threads << " " << batch_rows;
    }
  }
}

TEST_F(TrainingSetTest, TheReportReadsAsTextAndJson) {
  ASSERT_NE(
      Rows({"spend:*"}, "event_timestamp timestamp | user_id string\n2025-01-01T10:00:00Z | zoe\n",
           {"n_1h"}),
      "");
  EXPECT_THAT(ToText(report_), HasSubstr("events of purchases"));
  EXPECT_THAT(ToText(report_), HasSubstr("not_found: sum_1h"));
  EXPECT_THAT(ToJson(report_), HasSubstr("\"rows_in\": 1"));
}

}  // namespace
}  // namespace millrace::offline
