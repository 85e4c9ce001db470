// Questions are taken one by one, each after the events that it can see. When enough rows are held
// they are swept as one block of whole keys; a key that goes on leaves in the next block what its
// next question may still see.
#include "sweep/stream_sweep.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "columns/arrow_column.h"
#include "sweep/event_records.h"
#include "window/window.h"

namespace millrace::sweep {

using base::EventTime;
using base::Result;
using base::Status;

namespace {

struct StreamKey {
  uint64_t hash = 0;
  std::string bytes;
  friend auto operator<=>(const StreamKey&, const StreamKey&) = default;
};

// That the events have what the sweep reads.
Status CheckColumns(const ViewSweep& sweep, const EventRows& rows) {
  const features::View& view = *sweep.view;
  const auto need = [](bool there, const char* name, int number) {
    return there ? Status::OK()
                 : base::Error(base::codes::kMissingColumn,
                               std::string("the stream of events needs ") + name + " " +
                                   std::to_string(number));
  };
  const auto has = [](const EventColumn& column, const columns::Type& type) {
    return type.is_null() || !column.cells.type.is_null();
  };
  // Ties of rows are decided by all values.
  for (int i = 0; i < view.stored_count(); ++i) {
    if (view.features[i].kind != features::FeatureKind::kRow) continue;
    ARROW_RETURN_NOT_OK(need(has(rows.values[i], view.features[i].type), "value", i));
  }
  for (const int i : sweep.features) {
    const features::Feature& feature = view.features[i];
    if (feature.kind != features::FeatureKind::kAggregate) continue;
    const int input = feature.input;
    const bool has_input = input < 0 || has(rows.inputs[input], view.inputs[input].type());
    ARROW_RETURN_NOT_OK(need(has_input, "input", input));
    const bool has_filter = feature.filter < 0 || !rows.filters[feature.filter].empty();
    ARROW_RETURN_NOT_OK(need(has_filter, "filter", feature.filter));
  }
  return Status::OK();
}

// What both streams share: batches one after another, and keys that never go back.
class Cursor {
 public:
  Cursor(arrow::RecordBatchReader* reader, const char* name) : reader_(reader), name_(name) {}
  virtual ~Cursor() = default;

  bool done() const { return done_; }
  const StreamKey& key() const { return key_; }
  int64_t key_number() const { return key_number_; }  // another one for every key
  int64_t at() const { return at_; }

  Status Start() { return Load(); }
  Status Next() {
    ++row_;
    if (++at_ < keys_->length()) return ReadKey();
    return Load();
  }

 protected:
  virtual Status Take(const arrow::RecordBatch& batch) = 0;
  Status Unsorted() const {
    return base::Error(base::codes::kBadValue, std::string("the stream of ") + name_ +
                                                   " is not sorted: row " + std::to_string(row_));
  }

 private:
  Status Load() {
    std::shared_ptr<arrow::RecordBatch> batch;
    do {
      ARROW_RETURN_NOT_OK(reader_->ReadNext(&batch));
    } while (batch != nullptr && batch->num_rows() == 0);
    done_ = batch == nullptr;
    if (done_) return Status::OK();
    const auto keys = batch->GetColumnByName("key");
    if (keys == nullptr || keys->type_id() != arrow::Type::BINARY || keys->null_count() > 0) {
      return base::Error(
          base::codes::kMissingColumn,
          std::string("the stream of ") + name_ + " needs a column `key` of binary without nulls");
    }
    keys_ = std::static_pointer_cast<arrow::BinaryArray>(keys);
    at_ = 0;
    ARROW_RETURN_NOT_OK(Take(*batch));
    return ReadKey();
  }

  Status ReadKey() {
    const std::string_view bytes = keys_->GetView(at_);
    if (row_ > 1 && bytes == key_.bytes) return Status::OK();
    StreamKey next{base::Hash64(bytes), std::string(bytes)};
    if (row_ > 1 && next < key_) return Unsorted();
    key_ = std::move(next);
    ++key_number_;
    return Status::OK();
  }

  arrow::RecordBatchReader* reader_;
  const char* name_;
  std::shared_ptr<arrow::BinaryArray> keys_;
  int64_t at_ = 0;
  int64_t row_ = 1;
  bool done_ = false;
  StreamKey key_;
  int64_t key_number_ = 0;
};

class EventCursor final : public Cursor {
 public:
  EventCursor(const ViewSweep& sweep, arrow::RecordBatchReader* reader)
      : Cursor(reader, "events"), sweep_(sweep) {}

  const std::shared_ptr<EventRows>& rows() const { return rows_; }
  EventTime time() const { return rows_->times[at()]; }
  EventTime entry() const {
    if (rows_->created.empty()) return EntryOf(sweep_, time(), std::nullopt);
    return EntryOf(sweep_, time(), rows_->created[at()]);
  }
  // Past an event that was looked at.
  Status Pass() {
    const EventTime passed = entry();
    const int64_t key = key_number();
    ARROW_RETURN_NOT_OK(Next());
    return !done() && key_number() == key && entry() < passed ? Unsorted() : Status::OK();
  }

 private:
  Status Take(const arrow::RecordBatch& batch) override {
    ARROW_ASSIGN_OR_RAISE(EventRows rows, FromRecords(*sweep_.view, batch));
    ARROW_RETURN_NOT_OK(CheckColumns(sweep_, rows));
    rows_ = std::make_shared<EventRows>(std::move(rows));
    return Status::OK();
  }

  const ViewSweep& sweep_;
  std::shared_ptr<EventRows> rows_;
};

class SpineCursor final : public Cursor {
 public:
  explicit SpineCursor(arrow::RecordBatchReader* reader) : Cursor(reader, "the spine") {}
  EventTime time() const { return times_[at()]; }
  int64_t row() const { return row_numbers_->Value(at()); }

 private:
  Status Take(const arrow::RecordBatch& batch) override {
    ARROW_ASSIGN_OR_RAISE(times_, FindTimes(batch, "event_timestamp"));
    const auto rows = batch.GetColumnByName("row");
    if (static_cast<int64_t>(times_.size()) != batch.num_rows() || rows == nullptr ||
        rows->type_id() != arrow::Type::INT64) {
      return base::Error(base::codes::kMissingColumn,
                         "the stream of the spine needs event_timestamp and row");
    }
    row_numbers_ = std::static_pointer_cast<arrow::Int64Array>(rows);
    return Status::OK();
  }

  std::vector<EventTime> times_;
  std::shared_ptr<arrow::Int64Array> row_numbers_;
};

// The events and questions that are held, keys numbered from 0.
class Block {
 public:
  int64_t size() const { return events_ + static_cast<int64_t>(times_.size()); }
  bool has_questions() const { return !times_.empty(); }
  void NextKey() { ++keys_; }

  void AddEvent(const std::shared_ptr<EventRows>& rows, int64_t at) {
    rows->keys[at] = keys_ - 1;
    ++events_;
    if (!pieces_.empty() && pieces_.back().rows == rows.get() && pieces_.back().last == at) {
      ++pieces_.back().last;
      return;
    }
    owners_.push_back(rows);
    pieces_.push_back({rows.get(), at, at + 1});
  }
  void AddQuestion(EventTime time, int64_t row) {
    question_keys_.push_back(keys_ - 1);
    times_.push_back(time);
    rows_.push_back(row);
  }

  SortedEvents Events(const features::View& view) const { return SortEvents(view, pieces_, keys_); }
  Questions Asked() const { return SortQuestions(question_keys_, times_, keys_); }
  const std::vector<int64_t>& rows() const { return rows_; }

  // A block that goes on with the last key and the events of it for which keep(event) holds.
  template <typename Keep>
  Block GoOn(Keep keep) {
    Block next;
    next.NextKey();
    for (size_t i = 0; i < pieces_.size(); ++i) {
      const EventPiece& piece = pieces_[i];
      for (int64_t at = piece.first; at < piece.last; ++at) {
        if (piece.rows->keys[at] != keys_ - 1 || !keep(*piece.rows, at)) continue;
        next.AddEvent(owners_[i], at);
      }
    }
    return next;
  }
  // The newest (event time, created) of the last key's events.
  std::pair<EventTime, EventTime> Newest() const {
    std::pair<EventTime, EventTime> newest(EventTime::Min(), EventTime::Min());
    for (const EventPiece& piece : pieces_) {
      for (int64_t at = piece.first; at < piece.last; ++at) {
        if (piece.rows->keys[at] == keys_ - 1)
          newest = std::max(newest, InstantOf(*piece.rows, at));
      }
    }
    return newest;
  }
  static std::pair<EventTime, EventTime> InstantOf(const EventRows& rows, int64_t at) {
    return {rows.times[at], rows.created.empty() ? EventTime::Min() : rows.created[at]};
  }

 private:
  int32_t keys_ = 0;
  int64_t events_ = 0;
  std::vector<EventPiece> pieces_;
  std::vector<std::shared_ptr<EventRows>> owners_;  // of pieces_
  std::vector<int32_t> question_keys_;
  std::vector<EventTime> times_;
  std::vector<int64_t> rows_;
};

class StreamSweeper {
 public:
  StreamSweeper(const ViewSweep& sweep, const SortedStreams& streams, const PushBatch& push)
      : sweep_(sweep),
        rows_max_(streams.rows_max),
        push_(push),
        sweeper_(MakeViewSweeper(sweep)),
        events_(sweep, streams.events),
        spine_(streams.spine),
        full_(streams.rows_max) {}

  Status Run() {
    ARROW_RETURN_NOT_OK(events_.Start());
    ARROW_RETURN_NOT_OK(spine_.Start());
    while (!spine_.done()) {
      ARROW_RETURN_NOT_OK(BeginKey());
      ARROW_RETURN_NOT_OK(TakeKey());
      if (block_.size() >= full_) {
        ARROW_RETURN_NOT_OK(Sweep());
        block_ = Block();
        full_ = rows_max_;
      }
    }
    return Sweep();
  }

  const Gaps& gaps() const { return gaps_; }

 private:
  Status BeginKey() {
    block_.NextKey();
    while (!events_.done() && events_.key() < spine_.key()) ARROW_RETURN_NOT_OK(events_.Pass());
    return Status::OK();
  }

  // All questions of the spine's key; blocks that are full on the way are swept.
  Status TakeKey() {
    const StreamKey key = spine_.key();
    EventTime last = EventTime::Min();
    while (!spine_.done() && spine_.key() == key) {
      const EventTime time = spine_.time();
      if (time < last) {
        return base::Error(base::codes::kBadValue, "the stream of the spine is not sorted by time");
      }
      last = time;
      if (block_.size() >= full_ && block_.has_questions()) {
        ARROW_RETURN_NOT_OK(Sweep());
        GoOn(time);
      }
      ARROW_RETURN_NOT_OK(TakeEvents(key, time));
      block_.AddQuestion(time, spine_.row());
      ARROW_RETURN_NOT_OK(spine_.Next());
    }
    return Status::OK();
  }

  // The events that the question sees first; what no later question can see is left out.
  Status TakeEvents(const StreamKey& key, EventTime question) {
    const EventTime reach = sweep_.label_length.has_value()
                                ? window::LabelSpanAt(question, *sweep_.label_length).end
                                : question;
    const EventTime begin = Begin(question);
    while (!events_.done() && events_.key() == key && events_.entry() <= reach) {
      if (events_.time() >= begin) block_.AddEvent(events_.rows(), events_.at());
      ARROW_RETURN_NOT_OK(events_.Pass());
    }
    return Status::OK();
  }

  // The oldest event time that the question, or a later one, can see.
  EventTime Begin(EventTime question) const {
    if (sweep_.label_length.has_value()) {
      return window::LabelSpanAt(question, *sweep_.label_length).begin;
    }
    if (sweep_.view->kind == features::ViewKind::kSnapshot) return EventTime::Min();
    return window::SpanAt(question, sweep_.view->LongestWindow(), sweep_.view->resolution).begin;
  }

  void GoOn(EventTime question) {
    CarryOn(question);
    // What is carried on is sorted again, so a good part of it is taken before it is.
    full_ = block_.size() + std::max(rows_max_, block_.size() / 2);
  }

  void CarryOn(EventTime question) {
    if (sweep_.view->kind == features::ViewKind::kSnapshot) {
      // All have entered, so only the newest can win; its ties are decided by their values.
      const auto newest = block_.Newest();
      block_ = block_.GoOn(
          [&](const EventRows& rows, int64_t at) { return Block::InstantOf(rows, at) == newest; });
      return;
    }
    const EventTime begin = Begin(question);
    block_ =
        block_.GoOn([&](const EventRows& rows, int64_t at) { return rows.times[at] >= begin; });
  }

  Status Sweep() {
    if (!block_.has_questions()) return Status::OK();
    const SortedEvents events = block_.Events(*sweep_.view);
    const Questions questions = block_.Asked();
    const SweptRows swept = sweeper_->Run(events, questions);
    gaps_.Merge(swept.gaps);
    RecordColumns columns;
    columns::ColumnBuffer rows(columns::Kind::kInt64);
    columns::ColumnBuffer found(columns::Kind::kUInt8);
    for (int64_t q = 0; q < questions.size(); ++q) {
      rows.AppendInt(block_.rows()[questions.rows[q]]);
      found.AppendInt(static_cast<int64_t>(swept.found[q]));
    }
    ARROW_RETURN_NOT_OK(columns.Add("row", rows.View()));
    ARROW_RETURN_NOT_OK(columns.Add("found", found.View()));
    if (sweep_.event_times) {
      ARROW_RETURN_NOT_OK(columns.Add("event_time", swept.event_times.View()));
    }
    for (size_t i = 0; i < sweep_.features.size(); ++i) {
      const std::string name = "feature " + std::to_string(sweep_.features[i]);
      ARROW_RETURN_NOT_OK(columns.Add(name, swept.cells[i].View()));
    }
    return push_(std::move(columns).Finish(questions.size()));
  }

  const ViewSweep& sweep_;
  const int64_t rows_max_;
  const PushBatch& push_;
  const std::unique_ptr<ViewSweeper> sweeper_;
  EventCursor events_;
  SpineCursor spine_;
  Block block_;
  int64_t full_;  // rows at which the block is swept
  Gaps gaps_;
};

}  // namespace

EventTime EntryOf(const ViewSweep& sweep, EventTime event_time, std::optional<EventTime> created) {
  if (sweep.label_length.has_value()) return event_time;
  if (sweep.ignore_created) created = std::nullopt;
  return sweep.view->kind == features::ViewKind::kSnapshot
             ? window::SnapshotEntry(event_time, created)
             : window::WindowEntry(event_time, created);
}

Status SweepStreams(const ViewSweep& sweep, const SortedStreams& streams, const PushBatch& push,
                    Gaps* gaps) {
  StreamSweeper sweeper(sweep, streams, push);
  ARROW_RETURN_NOT_OK(sweeper.Run());
  gaps->Merge(sweeper.gaps());
  return Status::OK();
}

}  // namespace millrace::sweep
