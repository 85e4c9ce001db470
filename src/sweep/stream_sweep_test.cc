// A sweep over streams gives what a sweep in memory gives, however the streams are cut and however
// few rows may be held.
#include "sweep/stream_sweep.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/hash.h"
#include "columns/arrow_column.h"
#include "sweep/event_records.h"
#include "sweep/sweep_testing.h"

namespace millrace::sweep {
namespace {

using base::EventTime;
using columns::ColumnBuffer;
using columns::Kind;

struct Asked {
  std::string key;
  int64_t time;
};

features::Feature Aggregate(const std::string& function, std::vector<columns::Value> parameters,
                            window::Window window) {
  features::Feature feature;
  feature.name = function;
  feature.input = 0;
  feature.call = {function, Kind::kInt64, std::move(parameters)};
  feature.aggregate = *aggregate::Make(feature.call);
  feature.type = feature.aggregate->result_type();
  feature.window = window;
  return feature;
}

std::pair<uint64_t, std::string> StreamKey(const std::string& key) {
  return {base::Hash64(key), key};
}

// Batches of `rows` rows each.
class Batches final : public arrow::RecordBatchReader {
 public:
  Batches(std::shared_ptr<arrow::RecordBatch> whole, int64_t rows)
      : whole_(std::move(whole)), rows_(rows) {}
  std::shared_ptr<arrow::Schema> schema() const override { return whole_->schema(); }
  base::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    *out = at_ < whole_->num_rows() ? whole_->Slice(at_, rows_) : nullptr;
    at_ += rows_;
    return base::Status::OK();
  }

 private:
  std::shared_ptr<arrow::RecordBatch> whole_;
  const int64_t rows_;
  int64_t at_ = 0;
};

std::shared_ptr<arrow::RecordBatch> EventStream(std::vector<Event> events, const ViewSweep& sweep,
                                                bool has_created) {
  const auto entry = [&](const Event& event) {
    std::optional<EventTime> created;
    if (has_created) created = At(event.created);
    return EntryOf(sweep, At(event.time), created);
  };
  std::stable_sort(events.begin(), events.end(), [&](const Event& a, const Event& b) {
    return std::tuple(StreamKey(a.key), entry(a)) < std::tuple(StreamKey(b.key), entry(b));
  });
  ColumnBuffer keys(Kind::kBytes);
  ColumnBuffer times(Kind::kTimestamp);
  ColumnBuffer created(Kind::kTimestamp);
  ColumnBuffer values(Kind::kInt64);
  for (const Event& event : events) {
    keys.AppendString(event.key);
    times.AppendInt(event.time);
    created.AppendInt(event.created);
    values.AppendInt(event.value);
  }
  RecordColumns columns;
  EXPECT_TRUE(columns.Add("key", keys.View()).ok());
  EXPECT_TRUE(columns.Add("event_time", times.View()).ok());
  if (has_created) {
    EXPECT_TRUE(columns.Add("created", created.View()).ok());
  }
  const bool windowed = sweep.view->kind == features::ViewKind::kWindowed;
  EXPECT_TRUE(columns.Add(windowed ? "input 0" : "value 0", values.View()).ok());
  return std::move(columns).Finish(static_cast<int64_t>(events.size()));
}

std::shared_ptr<arrow::RecordBatch> SpineStream(const std::vector<Asked>& spine) {
  std::vector<int64_t> order(spine.size());
  for (size_t i = 0; i < spine.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return std::tuple(StreamKey(spine[a].key), spine[a].time) <
           std::tuple(StreamKey(spine[b].key), spine[b].time);
  });
  ColumnBuffer keys(Kind::kBytes);
  ColumnBuffer times(Kind::kTimestamp);
  ColumnBuffer rows(Kind::kInt64);
  for (const int64_t row : order) {
    keys.AppendString(spine[row].key);
    times.AppendInt(spine[row].time);
    rows.AppendInt(row);
  }
  RecordColumns columns;
  EXPECT_TRUE(columns.Add("key", keys.View()).ok());
  EXPECT_TRUE(columns.Add("event_timestamp", times.View()).ok());
  EXPECT_TRUE(columns.Add("row", rows.View()).ok());
  return std::move(columns).Finish(static_cast<int64_t>(spine.size()));
}

// Per row of the spine: found, then the cells, as text.
using Answers = std::map<int64_t, std::vector<std::string>>;

Answers InMemory(const Made& made, const ViewSweep& sweep, const std::vector<Asked>& spine,
                 Gaps* gaps) {
  std::vector<int32_t> ids;
  std::vector<EventTime> times;
  for (const Asked& asked : spine) {
    ids.push_back(made.keys.Find(asked.key));
    times.push_back(At(asked.time));
  }
  const Questions questions = SortQuestions(ids, times, made.keys.size());
  const SweptRows swept = MakeViewSweeper(sweep)->Run(made.events, questions);
  *gaps = swept.gaps;
  Answers answers;
  for (int64_t q = 0; q < questions.size(); ++q) {
    std::vector<std::string>& row = answers[questions.rows[q]];
    row.push_back(std::to_string(static_cast<int>(swept.found[q])));
    for (const ColumnBuffer& cells : swept.cells) {
      row.push_back(columns::ToText(cells.View().value(q), cells.type()));
    }
  }
  return answers;
}

struct Cut {
  int64_t batch_rows = 1;
  int64_t rows_max = 1;
};

base::Result<Answers> OverStreams(const std::shared_ptr<arrow::RecordBatch>& events,
                                  const ViewSweep& sweep, const std::vector<Asked>& spine,
                                  const Cut& cut, Gaps* gaps) {
  Batches event_batches(events, cut.batch_rows);
  Batches spine_batches(SpineStream(spine), cut.batch_rows);
  Answers answers;
  const auto push = [&](const std::shared_ptr<arrow::RecordBatch>& batch) -> base::Status {
    ARROW_ASSIGN_OR_RAISE(const auto rows, FindColumn(*batch, "row", Kind::kInt64));
    ARROW_ASSIGN_OR_RAISE(const auto found, FindColumn(*batch, "found", Kind::kUInt8));
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      answers[rows.view.ints[i]].push_back(std::to_string(found.view.ints[i]));
    }
    for (const int index : sweep.features) {
      const columns::Type& type = sweep.view->features[index].type;
      ARROW_ASSIGN_OR_RAISE(const auto cells,
                            FindColumn(*batch, "feature " + std::to_string(index), type));
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        answers[rows.view.ints[i]].push_back(columns::ToText(cells.view.value(i), type));
      }
    }
    return base::Status::OK();
  };
  ARROW_RETURN_NOT_OK(
      SweepStreams(sweep, {&event_batches, &spine_batches, cut.rows_max}, push, gaps));
  return answers;
}

std::vector<Asked> RandomSpine(std::mt19937* random, int count) {
  std::vector<Asked> spine;
  for (int i = 0; i < count; ++i) {
    spine.push_back(
        {"k" + std::to_string((*random)() % 3), static_cast<int64_t>((*random)() % 80) - 10});
  }
  return spine;
}

// A windowed view, a snapshot view or a label, with and without knowledge time.
ViewSweep RandomSweep(std::mt19937* random, Made* made) {
  ViewSweep sweep;
  sweep.view = &made->view;
  sweep.ignore_created = (*random)() % 4 == 0;
  if (made->view.kind == features::ViewKind::kSnapshot) {
    if ((*random)() % 2 == 0) made->view.ttl = Us(12);
    sweep.features = {0};
    return sweep;
  }
  made->view.inputs = {InputOfInt64()};
  const window::Window window =
      (*random)() % 5 == 0 ? window::Window{}
                           : window::Window{Us(static_cast<int64_t>((*random)() % 30) + 1)};
  made->view.features = {Aggregate("sum", {}, window), Aggregate("nunique", {}, window),
                         Aggregate("last_k", {columns::Value(int64_t{3})}, {Us(7)})};
  sweep.features = {0, 1, 2};
  if ((*random)() % 3 == 0) {
    sweep.label_length = Us(9);
    made->view.features.resize(1);
    sweep.features = {0};
  }
  return sweep;
}

TEST(SweepStreams, GiveWhatASweepInMemoryGives) {
  std::mt19937 random(3);
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const bool has_created = round % 2 == 0;
    const std::vector<Event> events = RandomEvents(&random, static_cast<int>(random() % 60));
    const auto kind =
        round % 3 == 0 ? features::ViewKind::kSnapshot : features::ViewKind::kWindowed;
    const auto made = MakeEvents(events, has_created, kind);
    for (const char* key : {"k0", "k1", "k2"}) made->keys.Insert(key);
    const EventPiece whole{&made->rows, 0, made->rows.size()};
    made->events = SortEvents(made->view, {&whole, 1}, made->keys.size());
    const ViewSweep sweep = RandomSweep(&random, made.get());
    const std::vector<Asked> spine = RandomSpine(&random, static_cast<int>(random() % 40));
    Gaps gaps;
    const Answers expected = InMemory(*made, sweep, spine, &gaps);
    for (const Cut& cut : {Cut{1, 1}, Cut{3, 5}, Cut{100, 16}, Cut{7, 1'000}}) {
      Gaps stream_gaps;
      const auto answers =
          OverStreams(EventStream(events, sweep, has_created), sweep, spine, cut, &stream_gaps);
      ASSERT_TRUE(answers.ok()) << answers.status().ToString();
      EXPECT_EQ(*answers, expected) << cut.batch_rows << ", " << cut.rows_max;
      EXPECT_EQ(stream_gaps.event, gaps.event);
      EXPECT_EQ(stream_gaps.created, gaps.created);
    }
  }
}

class BadStreams : public ::testing::Test {
 protected:
  BadStreams() : made_(MakeEvents({{"a", 5, 5, 1}}, true, features::ViewKind::kSnapshot)) {
    sweep_.view = &made_->view;
    sweep_.features = {0};
  }
  std::string Error(const std::shared_ptr<arrow::RecordBatch>& events) {
    Gaps gaps;
    return OverStreams(events, sweep_, {{"a", 9}, {"b", 9}}, {2, 10}, &gaps).status().ToString();
  }

  std::unique_ptr<Made> made_;
  ViewSweep sweep_;
};

TEST_F(BadStreams, AnEventBeforeAnEarlierOneIsAnError) {
  const auto sorted = EventStream({{"a", 5, 5, 1}, {"a", 7, 7, 1}}, sweep_, true);
  auto table = *arrow::Table::FromRecordBatches({sorted->Slice(1, 1), sorted->Slice(0, 1)});
  const std::string error = Error(*table->CombineChunksToBatch());
  EXPECT_NE(error.find("not sorted"), std::string::npos) << error;
}

TEST_F(BadStreams, AKeyAfterALargerOneIsAnError) {
  const auto sorted = EventStream({{"a", 5, 5, 1}, {"b", 7, 7, 1}}, sweep_, true);
  auto table = *arrow::Table::FromRecordBatches({sorted->Slice(1, 1), sorted->Slice(0, 1)});
  const std::string error = Error(*table->CombineChunksToBatch());
  EXPECT_NE(error.find("not sorted"), std::string::npos) << error;
}

TEST_F(BadStreams, MissingColumnsAreNamed) {
  const auto sorted = EventStream({{"a", 5, 5, 1}}, sweep_, true);
  EXPECT_NE(Error(*sorted->RemoveColumn(0)).find("key"), std::string::npos);
  EXPECT_NE(Error(*sorted->RemoveColumn(1)).find("event_time"), std::string::npos);
}

}  // namespace
}  // namespace millrace::sweep
