#include "serve/observe/feature_log.h"

#include <arrow/api.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>

#include "serve/observe/observe_testing.h"
#include "sources/folder_testing.h"
#include "sources/table_file.h"

namespace millrace::serve {
namespace {

using base::EventTime;
using columns::Kind;
using columns::ListValue;
using columns::MapValue;
using columns::OwnedColumn;
using columns::Type;
using columns::Value;
using online::CellStatus;
using sources::CodeOf;
using sources::Folder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr EventTime kNow = EventTime::Micros(1'738'319'400'000'042);  // 2025-01-31T10:30:00Z
constexpr const char* kDay = "date=2025-01-31";

OwnedColumn ColumnOf(const Type& type, const std::vector<Value>& values) {
  columns::ColumnBuffer buffer(type);
  for (const Value& value : values) buffer.AppendValue(value);
  return columns::Own(std::move(buffer));
}

struct Feature {
  std::string name;
  Type type;
  std::vector<Value> values;
};

void Add(const Feature& feature, online::Answer* answer) {
  online::AnswerColumn& column = answer->columns.emplace_back();
  column.name = answer->Keep(feature.name);
  column.values = answer->Keep(ColumnOf(feature.type, feature.values));
  std::vector<CellStatus> statuses;
  std::vector<EventTime> times;
  for (const Value& value : feature.values) {
    statuses.push_back(value.is_null() ? CellStatus::kNotFound : CellStatus::kPresent);
    times.push_back(value.is_null() ? EventTime() : EventTime::Micros(5'000'000));
  }
  column.statuses = answer->Keep(std::move(statuses));
  column.event_times = answer->Keep(std::move(times));
}

// Of service ranking, for users u0, u1, …, with one feature.
ServedAnswer Served(const std::string& request_id, int64_t rows = 1,
                    const std::string& feature = "sum_1h") {
  std::vector<Value> users;
  std::vector<Value> sums;
  for (int64_t row = 0; row < rows; ++row) {
    users.emplace_back("u" + std::to_string(row));
    sums.emplace_back(static_cast<double>(row) + 0.5);
  }
  online::Answer answer;
  answer.rows = rows;
  Add({feature, Kind::kFloat64, sums}, &answer);
  answer.commit = 12;
  answer.commit_time = kNow;
  ServedAnswer served;
  served.request_id = request_id;
  served.service = "ranking";
  served.version = 3;
  served.as_of = kNow;
  served.received = kNow;
  served.keys["user_id"] = ColumnOf(Kind::kString, users);
  served.answer = std::make_shared<const online::Answer>(std::move(answer));
  return served;
}

bool Eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class FeatureLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<FeatureLog> Open(const FeatureLogOptions& options = {}) {
    auto log = FeatureLog::Open(lake_, options, clock_);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }
  // All files, by their paths from the log's folder without their names, in order.
  std::vector<std::string> Folders() const {
    std::vector<std::string> folders;
    for (const std::string& file : Files()) {
      folders.push_back(
          std::filesystem::path(file).parent_path().lexically_relative(Root()).string());
    }
    return folders;
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Root())) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  std::string Root() const { return lake_ + "/feature_log"; }
  std::shared_ptr<arrow::Table> Only() const {
    const std::vector<std::string> files = Files();
    EXPECT_THAT(files, SizeIs(1));
    return Read(files.at(0));
  }
  static std::shared_ptr<arrow::Table> Read(const std::string& file) {
    return sources::ReadTable(file, {}).ValueOrDie();
  }
  // A cell, as Arrow shows it.
  static std::string Cell(const arrow::Table& table, const std::string& column, int64_t row) {
    const auto found = table.GetColumnByName(column);
    if (found == nullptr) return "no column";
    const auto scalar = found->GetScalar(row).ValueOrDie();
    if (!scalar->is_valid) return "null";
    if (scalar->type->id() == arrow::Type::DICTIONARY) {
      return static_cast<const arrow::DictionaryScalar&>(*scalar)
          .GetEncodedValue()
          .ValueOrDie()
          ->ToString();
    }
    return scalar->ToString();
  }

  const Folder folder_;
  const std::string lake_ = folder_ / "lake";
  SetClock clock_{kNow};
};

TEST_F(FeatureLogTest, AnAnswersRowsSayWhatWasAnswered) {
  ServedAnswer served = Served("r-1", 2);
  auto answer = std::make_shared<online::Answer>(*served.answer);
  Add({"best", Kind::kString, {Value("a"), Value()}}, answer.get());
  served.answer = answer;
  served.request["price"] = ColumnOf(Kind::kFloat32, {Value(9.5), Value()});
  Open()->Add(std::move(served));

  EXPECT_THAT(Folders(), ElementsAre(std::string("answers/service=ranking/") + kDay));
  EXPECT_THAT(Files()[0], HasSubstr("/20250131T103000Z-"));
  const auto table = Only();
  EXPECT_THAT(table->ColumnNames(),
              ElementsAre("__request_id", "__row", "__received", "__as_of", "__version", "__commit",
                          "__commit_time", "user_id", "price", "sum_1h", "best", "__status__sum_1h",
                          "__status__best", "__event_time__sum_1h", "__event_time__best"));
  EXPECT_EQ(table->schema()->metadata()->Get("millrace.format").ValueOrDie(), "feature_log 1");
  ASSERT_EQ(table->num_rows(), 2);
  EXPECT_EQ(Cell(*table, "__request_id", 1), "r-1");
  EXPECT_EQ(Cell(*table, "__row", 1), "1");
  EXPECT_EQ(Cell(*table, "__received", 0), "2025-01-31 10:30:00.000042Z");
  EXPECT_EQ(Cell(*table, "__as_of", 0), "2025-01-31 10:30:00.000042Z");
  EXPECT_EQ(Cell(*table, "__version", 0), "3");
  EXPECT_EQ(Cell(*table, "__commit", 0), "12");
  EXPECT_EQ(Cell(*table, "__commit_time", 0), "2025-01-31 10:30:00.000042Z");
  EXPECT_EQ(Cell(*table, "user_id", 1), "u1");
  EXPECT_EQ(Cell(*table, "price", 0), "9.5");
  EXPECT_EQ(Cell(*table, "price", 1), "null");
  EXPECT_EQ(Cell(*table, "sum_1h", 1), "1.5");
  EXPECT_EQ(Cell(*table, "best", 1), "null");
  EXPECT_EQ(Cell(*table, "__status__best", 0), "PRESENT");
  EXPECT_EQ(Cell(*table, "__status__best", 1), "NOT_FOUND");
  EXPECT_EQ(Cell(*table, "__event_time__best", 0), "1970-01-01 00:00:05.000000Z");
  EXPECT_EQ(Cell(*table, "__event_time__best", 1), "null");
  EXPECT_TRUE(table->GetColumnByName("price")->type()->Equals(arrow::float32()));
}

TEST_F(FeatureLogTest, ValuesKeepTheirTypes) {
  const std::vector<std::pair<Type, Value>> values = {
      {Kind::kBool, Value(true)},
      {Kind::kInt8, Value(int64_t{-3})},
      {Kind::kUInt64, Value(~uint64_t{0})},
      {Kind::kBytes, Value("\xFF\x01")},
      {Kind::kDate, Value(int64_t{20'000})},
      {Kind::kTimestamp, Value(int64_t{7})},
      {Kind::kNull, Value()},
      {Type::List(Kind::kString), Value(ListValue({Value("a"), Value()}))},
      {Type::Vector(2), Value(ListValue({Value(0.5), Value(-1.0)}))},
      {Type::Map(Kind::kString, Kind::kInt64), Value(MapValue({{Value("a"), Value(int64_t{1})}}))},
  };
  ServedAnswer served = Served("r-1");
  auto answer = std::make_shared<online::Answer>(*served.answer);
  for (size_t i = 0; i < values.size(); ++i) {
    Add({"f" + std::to_string(i), values[i].first, {values[i].second}}, answer.get());
  }
  served.answer = answer;
  Open()->Add(std::move(served));
  const auto table = Only();
  for (size_t i = 0; i < values.size(); ++i) {
    const auto column = table->GetColumnByName("f" + std::to_string(i));
    EXPECT_TRUE(column->type()->Equals(values[i].first.ToArrow())) << column->type()->ToString();
  }
  EXPECT_EQ(Cell(*table, "f2", 0), "18446744073709551615");
  EXPECT_EQ(Cell(*table, "f7", 0), "list<element: string>[a, null]");
  EXPECT_THAT(Cell(*table, "f8", 0), HasSubstr("[0.5, -1]"));
  EXPECT_THAT(Cell(*table, "f9", 0), HasSubstr("{key:string = a, value:int64 = 1}"));
}

TEST_F(FeatureLogTest, ANameThatIsTakenGetsAPrefix) {
  ServedAnswer served = Served("r-1", 1, "user_id");
  served.request["date"] = ColumnOf(Kind::kInt64, {Value(int64_t{1})});
  served.request["user_id"] = ColumnOf(Kind::kInt64, {Value(int64_t{2})});
  served.keys["__commit"] = ColumnOf(Kind::kInt64, {Value(int64_t{3})});
  Open()->Add(std::move(served));
  const auto table = Only();
  EXPECT_EQ(Cell(*table, "__commit", 0), "12");
  EXPECT_EQ(Cell(*table, "user_id", 0), "u0");
  EXPECT_EQ(Cell(*table, "__request__date", 0), "1");
  EXPECT_EQ(Cell(*table, "__request__user_id", 0), "2");
  EXPECT_EQ(Cell(*table, "__key____commit", 0), "3");
  EXPECT_EQ(Cell(*table, "__feature__user_id", 0), "0.5");
  EXPECT_EQ(Cell(*table, "__status__user_id", 0), "PRESENT");
}

TEST_F(FeatureLogTest, RowsMayHaveTimesOfTheirOwn) {
  ServedAnswer served = Served("r-1", 2);
  served.as_of_rows = ColumnOf(Kind::kTimestamp, {Value(int64_t{1'000'000}), Value()});
  Open()->Add(std::move(served));
  const auto table = Only();
  EXPECT_EQ(Cell(*table, "__as_of", 0), "1970-01-01 00:00:01.000000Z");
  EXPECT_EQ(Cell(*table, "__as_of", 1), "null");
}

TEST_F(FeatureLogTest, WhatHasOneShapeIsOneFile) {
  {
    const auto log = Open();
    for (int i = 0; i < 100; ++i) log->Add(Served("r-" + std::to_string(i), 3));
    EXPECT_EQ(log->counts().queued, 300);
  }
  const auto table = Only();
  ASSERT_EQ(table->num_rows(), 300);
  EXPECT_EQ(Cell(*table, "__request_id", 0), "r-0");
  EXPECT_EQ(Cell(*table, "__request_id", 299), "r-99");
  EXPECT_EQ(Cell(*table, "user_id", 299), "u2");
}

TEST_F(FeatureLogTest, AnotherShapeOrDayIsAnotherFile) {
  {
    const auto log = Open();
    const auto add = [&](const std::function<void(ServedAnswer*)>& change) {
      ServedAnswer served = Served("r");
      change(&served);
      log->Add(std::move(served));
    };
    add([](ServedAnswer*) {});
    add([](ServedAnswer* served) { served->version = 4; });
    add([](ServedAnswer* served) { *served = Served("r", 1, "spend__sum_1h"); });
    add([](ServedAnswer* served) {
      served->keys["user_id"] = ColumnOf(Kind::kInt64, {Value(int64_t{1})});
    });
    add([](ServedAnswer* served) {
      served->request["price"] = ColumnOf(Kind::kFloat64, {Value(1.0)});
    });
    add([](ServedAnswer* served) { served->service = ""; });
    add([](ServedAnswer* served) { served->service = "a/b"; });
    add([](ServedAnswer* served) { served->received = kNow + base::Duration::Days(1); });
    add([](ServedAnswer*) {});
  }
  const std::string ranking = std::string("answers/service=ranking/") + kDay;
  EXPECT_THAT(Folders(),
              ElementsAre(std::string("answers/service=__HIVE_DEFAULT_PARTITION__/") + kDay,
                          std::string("answers/service=a%2Fb/") + kDay, ranking, ranking, ranking,
                          ranking, ranking, "answers/service=ranking/date=2025-02-01"));
  int64_t rows = 0;
  for (const std::string& file : Files()) rows += Read(file)->num_rows();
  EXPECT_EQ(rows, 9);
}

TEST_F(FeatureLogTest, FilesAreCutByRows) {
  {
    const auto log = Open({.file_rows_max = 10});
    for (int i = 0; i < 6; ++i) log->Add(Served("r-" + std::to_string(i), 4));
    ASSERT_TRUE(Eventually([&] { return log->counts().logged == 24; }));
    EXPECT_EQ(log->counts().queued, 0);
  }
  const auto files = Files();
  ASSERT_THAT(files, SizeIs(2));
  for (const std::string& file : files) EXPECT_EQ(Read(file)->num_rows(), 12);
}

TEST_F(FeatureLogTest, FilesAreCutByAge) {
  const auto log = Open({.file_seconds_max = 1});
  log->Add(Served("r-1"));
  EXPECT_EQ(log->counts().logged, 0);
  ASSERT_TRUE(Eventually([&] { return log->counts().logged == 1; }));
  EXPECT_EQ(Only()->num_rows(), 1);
  // A second one is not later for the first.
  log->Add(Served("r-2"));
  ASSERT_TRUE(Eventually([&] { return log->counts().logged == 2; }));
}

TEST_F(FeatureLogTest, MoreThanARowGroupIsStillOneFile) {
  constexpr int64_t kRows = 30'000;
  {
    const auto log = Open({.queue_rows_max = 1'000'000});
    for (int i = 0; i < 9; ++i) log->Add(Served("r-" + std::to_string(i), kRows));
    log->Add(Served("other", 1, "avg_1h"));
  }
  const auto files = Files();
  ASSERT_THAT(files, SizeIs(2));
  int64_t rows = 0;
  for (const std::string& file : files) {
    const auto table = Read(file);
    rows += table->num_rows();
    if (table->num_rows() == 1) continue;
    EXPECT_EQ(Cell(*table, "__request_id", 5 * kRows), "r-5");
    EXPECT_EQ(Cell(*table, "sum_1h", 9 * kRows - 1), "29999.5");
  }
  EXPECT_EQ(rows, 9 * kRows + 1);
}

TEST_F(FeatureLogTest, ManyShapesAreNotHeldForEver) {
  const auto log = Open({.file_seconds_max = 3'600});
  for (int i = 0; i < 70; ++i) log->Add(Served("r", 1, "f" + std::to_string(i)));
  EXPECT_TRUE(Eventually([&] { return log->counts().logged == 6; }));
  EXPECT_EQ(log->counts().queued, 64);
}

TEST_F(FeatureLogTest, AFullQueueLosesRowsAndCountsThem) {
  {
    const auto log = Open({.queue_rows_max = 10});
    log->Add(Served("large", 11));
    EXPECT_EQ(log->counts().lost, 11);
    EXPECT_EQ(log->counts().last_error, "");
    log->Add(Served("none", 0));
    log->Add(Served("fits", 10));
    ASSERT_TRUE(Eventually([&] {
      Outcome outcome{"fits", "outcome", "1", kNow};
      return log->Add(std::move(outcome));  // once the writer took what waited
    }));
    EXPECT_EQ(log->counts().queued, 11);
    EXPECT_EQ(log->counts().lost, 11);
  }
  EXPECT_THAT(Folders(), ElementsAre(std::string("answers/service=ranking/") + kDay,
                                     std::string("outcomes/") + kDay));
}

TEST_F(FeatureLogTest, AnOutcomeWithoutAPlaceIsToldToItsCaller) {
  const auto log = Open({.queue_rows_max = 1});
  int64_t refused = 0;
  for (int i = 0; i < 100; ++i) {
    if (!log->Add(Outcome{"r", "outcome", "1", kNow})) ++refused;
  }
  EXPECT_GT(refused, 0);
  const FeatureLogCounts counts = log->counts();
  EXPECT_EQ(counts.logged + counts.queued, 100 - refused);
  EXPECT_EQ(counts.lost, 0);
}

TEST_F(FeatureLogTest, OutcomesHaveATableOfTheirOwn) {
  {
    const auto log = Open();
    EXPECT_TRUE(log->Add(Outcome{"r-1", "prediction", R"({"score":0.5})", EventTime::Micros(7)}));
    clock_.Set(kNow + base::Duration::Days(1));
    EXPECT_TRUE(log->Add(Outcome{"r-1", "outcome", "true", kNow}));
  }
  EXPECT_THAT(Folders(), ElementsAre(std::string("outcomes/") + kDay, "outcomes/date=2025-02-01"));
  const auto table = Read(Files()[0]);
  EXPECT_THAT(table->ColumnNames(), ElementsAre("request_id", "kind", "value", "time", "received"));
  EXPECT_EQ(Cell(*table, "request_id", 0), "r-1");
  EXPECT_EQ(Cell(*table, "kind", 0), "prediction");
  EXPECT_EQ(Cell(*table, "value", 0), R"({"score":0.5})");
  EXPECT_EQ(Cell(*table, "time", 0), "1970-01-01 00:00:00.000007Z");
  EXPECT_EQ(Cell(*table, "received", 0), "2025-01-31 10:30:00.000042Z");
}

TEST_F(FeatureLogTest, AFolderThatCannotBeMadeIsAnError) {
  folder_.Write("lake", "a file");
  EXPECT_EQ(CodeOf(FeatureLog::Open(lake_, {}, clock_).status()), "file_not_found");
}

TEST_F(FeatureLogTest, AFailingDiskLosesItsRowsAndTheWriterGoesOn) {
  const auto log = Open({.file_rows_max = 1});
  folder_.Write("lake/feature_log/answers", "in the way");
  log->Add(Served("r-1", 2));
  ASSERT_TRUE(Eventually([&] { return log->counts().lost == 2; }));
  EXPECT_EQ(log->counts().queued, 0);
  EXPECT_THAT(log->counts().last_error, HasSubstr("[file_not_found]"));
  std::filesystem::remove(Root() + "/answers");
  log->Add(Served("r-2", 3));
  ASSERT_TRUE(Eventually([&] { return log->counts().logged == 3; }));
  EXPECT_EQ(log->counts().lost, 2);
  EXPECT_EQ(Cell(*Only(), "__request_id", 0), "r-2");
}

TEST_F(FeatureLogTest, WhatAKilledProcessLeftIsRemovedWhenItIsOld) {
  const std::string day = std::string("lake/feature_log/outcomes/") + kDay;
  const auto leave = [&](const std::string& name, base::Duration age) {
    const std::string path = folder_.Write(day + "/" + name, "half");
    const EventTime changed = kNow + base::Duration::Micros(-age.micros());
    const timespec time = {changed.micros() / 1'000'000, 0};
    const timespec times[] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  };
  leave(".a.parquet.77-0.tmp", base::Duration::Seconds(3'700));
  leave(".b.parquet.77-1.tmp", base::Duration::Seconds(3'500));
  leave("c.parquet", base::Duration::Days(9));
  leave(".hidden", base::Duration::Days(9));
  Open();
  std::vector<std::string> names;
  for (const std::string& file : Files()) {
    names.push_back(std::filesystem::path(file).filename().string());
  }
  EXPECT_THAT(names, ElementsAre(".b.parquet.77-1.tmp", ".hidden", "c.parquet"));
}

TEST_F(FeatureLogTest, NothingLoggedIsNoFile) {
  Open();
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(FeatureLogTest, ThreadsLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 500;
  {
    const auto log = Open({.file_rows_max = 777});
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < kTimes; ++n) {
          log->Add(Served(std::to_string(i) + "-" + std::to_string(n), 2));
          EXPECT_TRUE(log->Add(Outcome{"r", "outcome", "1", kNow}));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const FeatureLogCounts counts = log->counts();
    EXPECT_EQ(counts.logged + counts.queued, kThreads * kTimes * 3);
    EXPECT_EQ(counts.lost, 0);
  }
  int64_t rows = 0;
  for (const std::string& file : Files()) rows += Read(file)->num_rows();
  EXPECT_EQ(rows, kThreads * kTimes * 3);
}

TEST(IsKept, IsTheSameForEverybody) {
  EXPECT_TRUE(IsKept("r-1", 1));
  EXPECT_TRUE(IsKept("", 1));
  EXPECT_FALSE(IsKept("r-1", 0));
  // XXH3-64 of "" is 2d06800538d394c2: 0.17588… of 2^64.
  EXPECT_FALSE(IsKept("", 0.1758));
  EXPECT_TRUE(IsKept("", 0.1759));
  int kept = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = "request-" + std::to_string(i);
    if (IsKept(id, 0.1)) {
      ++kept;
      EXPECT_TRUE(IsKept(id, 0.2));
    }
  }
  EXPECT_GT(kept, 900);
  EXPECT_LT(kept, 1'100);
}

}  // namespace
}  // namespace millrace::serve
