// Besides what a stream of events has, a run's batches hold two columns to merge by: `rank` of the
// key and `entry` of the event.
#include "offline/rows/sorted_runs.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <queue>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/hash.h"
#include "columns/arrow_column.h"
#include "sweep/event_records.h"
#include "sweep/gather.h"
#include "sweep/sorted_events.h"
#include "sweep/stream_sweep.h"

namespace millrace::offline {

using base::EventTime;
using base::Result;
using base::Status;
using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using sweep::RecordColumns;
using sweep::SortedEvents;

namespace {

constexpr int64_t kBatchRows = 8'192;

// Rows of sorted events in the order of the stream.
std::vector<int64_t> RowsInOrder(const SortedEvents& events, bool by_created,
                                 const StreamOrder& order) {
  std::vector<int64_t> rows;
  rows.reserve(events.size());
  for (const int32_t key : order.keys()) {
    for (int64_t at = events.offsets[key]; at < events.offsets[key + 1]; ++at) {
      rows.push_back(by_created ? events.visible_order[at] : at);
    }
  }
  return rows;
}

// Batches of sorted rows, all of one schema.
class RunWriter {
 public:
  RunWriter(const sweep::ViewSweep& sweep, const SortedEvents& events, const StreamOrder& order)
      : sweep_(sweep), events_(events), order_(order) {
    key_of_.reserve(events.size());
    for (int32_t key = 0; key < events.keys(); ++key) {
      key_of_.insert(key_of_.end(), events.offsets[key + 1] - events.offsets[key], key);
    }
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Batch(std::span<const int64_t> rows) const {
    RecordColumns columns;
    ARROW_RETURN_NOT_OK(AddKeys(rows, &columns));
    for (size_t i = 0; i < events_.inputs.size(); ++i) {
      ARROW_RETURN_NOT_OK(Add("input " + std::to_string(i), events_.inputs[i], rows, &columns));
    }
    for (size_t i = 0; i < events_.values.size(); ++i) {
      const std::string name = "value " + std::to_string(i);
      if (events_.values[i].type.is_null()) continue;
      ColumnBuffer cells = sweep::GatherShared(events_.values[i], rows);
      ARROW_ASSIGN_OR_RAISE(auto values, columns::ToArrow(cells.View()));
      columns.AddArray(name, std::move(values));
      ARROW_RETURN_NOT_OK(AddCells(name, cells, &columns));
    }
    for (size_t i = 0; i < events_.filters.size(); ++i) {
      if (events_.filters[i].empty()) continue;
      ColumnBuffer kept(Kind::kBool);
      for (const int64_t row : rows) kept.AppendBool(events_.filters[i][row] != 0);
      ARROW_RETURN_NOT_OK(columns.Add("filter " + std::to_string(i), kept.View()));
    }
    return std::move(columns).Finish(static_cast<int64_t>(rows.size()));
  }

 private:
  Status AddKeys(std::span<const int64_t> rows, RecordColumns* columns) const {
    ColumnBuffer keys(Kind::kBytes);
    ColumnBuffer ranks(Kind::kInt32);
    ColumnBuffer entries(Kind::kInt64);
    ColumnBuffer times(Kind::kTimestamp);
    ColumnBuffer created(Kind::kTimestamp);
    for (const int64_t row : rows) {
      keys.AppendString(order_.bytes(key_of_[row]));
      ranks.AppendInt(order_.rank(key_of_[row]));
      std::optional<EventTime> known;
      if (events_.has_created()) known = events_.created[row];
      entries.AppendInt(sweep::EntryOf(sweep_, events_.times[row], known).micros());
      times.AppendInt(events_.times[row].micros());
      if (known.has_value()) created.AppendInt(known->micros());
    }
    ARROW_RETURN_NOT_OK(columns->Add("key", keys.View()));
    ARROW_RETURN_NOT_OK(columns->Add("rank", ranks.View()));
    ARROW_RETURN_NOT_OK(columns->Add("entry", entries.View()));
    ARROW_RETURN_NOT_OK(columns->Add("event_time", times.View()));
    return events_.has_created() ? columns->Add("created", created.View()) : Status::OK();
  }

  // Errors of inputs are read as null anyway.
  static Status Add(const std::string& name, const Column& column, std::span<const int64_t> rows,
                    RecordColumns* columns) {
    if (column.type.is_null()) return Status::OK();
    const ColumnBuffer cells = sweep::GatherShared(column, rows);
    ARROW_ASSIGN_OR_RAISE(auto values, columns::ToArrow(cells.View()));
    columns->AddArray(name, std::move(values));
    return Status::OK();
  }

  static Status AddCells(const std::string& name, const ColumnBuffer& column,
                         RecordColumns* columns) {
    ColumnBuffer cells(Kind::kUInt8);
    const Column view = column.View();
    for (int64_t row = 0; row < view.size; ++row) cells.AppendInt(view.cell(row));
    return columns->Add("cells of " + name, cells.View());
  }

  const sweep::ViewSweep& sweep_;
  const SortedEvents& events_;
  const StreamOrder& order_;
  std::vector<int32_t> key_of_;
};

// A run that is being read.
class RunCursor {
 public:
  RunCursor(const SortedRun& run, const SpillFile& spill) : run_(run), spill_(spill) {}

  Result<bool> Load() {
    if (next_ == run_.size()) return false;
    ARROW_ASSIGN_OR_RAISE(batch_, spill_.Read(run_[next_++]));
    ranks_ = std::static_pointer_cast<arrow::Int32Array>(batch_->GetColumnByName("rank"));
    entries_ = std::static_pointer_cast<arrow::Int64Array>(batch_->GetColumnByName("entry"));
    at_ = 0;
    return true;
  }
  std::pair<int32_t, int64_t> head() const { return {ranks_->Value(at_), entries_->Value(at_)}; }
  bool at_end() const { return at_ == batch_->num_rows(); }
  std::shared_ptr<arrow::Schema> schema() const { return batch_->schema(); }

  // The rows up to `limit`, at most `rows_max`.
  std::shared_ptr<arrow::RecordBatch> TakeUpTo(const std::pair<int32_t, int64_t>* limit,
                                               int64_t rows_max) {
    const int64_t first = at_;
    while (!at_end() && at_ - first < rows_max && (limit == nullptr || head() <= *limit)) ++at_;
    return batch_->Slice(first, at_ - first);
  }

 private:
  const SortedRun& run_;
  const SpillFile& spill_;
  size_t next_ = 0;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::shared_ptr<arrow::Int32Array> ranks_;
  std::shared_ptr<arrow::Int64Array> entries_;
  int64_t at_ = 0;
};

class MergedRuns final : public arrow::RecordBatchReader {
 public:
  MergedRuns(const std::vector<SortedRun>& runs, const SpillFile& spill) {
    for (const SortedRun& run : runs) {
      cursors_.push_back(std::make_unique<RunCursor>(run, spill));
    }
  }

  // Loads the first batch of every run. Once, before anything is read.
  Status Start() {
    for (size_t run = 0; run < cursors_.size(); ++run) {
      ARROW_ASSIGN_OR_RAISE(const bool any, cursors_[run]->Load());
      if (any) heads_.push({cursors_[run]->head(), run});
    }
    return Status::OK();
  }

  std::shared_ptr<arrow::Schema> schema() const override {
    return cursors_.empty() ? arrow::schema({}) : cursors_[0]->schema();
  }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    arrow::RecordBatchVector slices;
    int64_t rows = 0;
    while (!heads_.empty() && rows < kBatchRows) {
      const size_t run = heads_.top().second;
      heads_.pop();
      const std::pair<int32_t, int64_t>* limit = heads_.empty() ? nullptr : &heads_.top().first;
      slices.push_back(cursors_[run]->TakeUpTo(limit, kBatchRows - rows));
      rows += slices.back()->num_rows();
      bool more = true;
      if (cursors_[run]->at_end()) {
        ARROW_ASSIGN_OR_RAISE(more, cursors_[run]->Load());
      }
      if (more) heads_.push({cursors_[run]->head(), run});
    }
    out->reset();
    if (slices.empty()) return Status::OK();
    if (slices.size() == 1) {
      *out = slices[0];
      return Status::OK();
    }
    return arrow::ConcatenateRecordBatches(slices).Value(out);
  }

 private:
  using Head = std::pair<std::pair<int32_t, int64_t>, size_t>;
  std::vector<std::unique_ptr<RunCursor>> cursors_;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads_;
};

}  // namespace

StreamOrder::StreamOrder(const ViewStore& store, int32_t partition)
    : ids_(store.keys()->ids), partitions_{store.partitions()}, partition_(partition) {
  std::vector<std::tuple<uint64_t, std::string_view, int32_t>> sorted;
  for (int32_t local = 0; local < store.key_count(partition); ++local) {
    sorted.emplace_back(base::Hash64(bytes(local)), bytes(local), local);
  }
  std::sort(sorted.begin(), sorted.end());
  ranks_.resize(sorted.size());
  for (const auto& [hash, key, local] : sorted) {
    ranks_[local] = static_cast<int32_t>(keys_.size());
    keys_.push_back(local);
  }
}

std::string_view StreamOrder::bytes(int32_t local) const {
  return ids_.key(partitions_.Key(partition_, local));
}

Result<SortedRuns> SortedRuns::Make(const ViewStore& store, int32_t partition,
                                    const sweep::ViewSweep& sweep, const StreamOrder& order,
                                    int64_t bytes_max, SpillFile* spill) {
  SortedRuns made;
  const auto sort = [&](std::span<const sweep::EventPiece> pieces) -> Status {
    const SortedEvents events = sweep::SortEvents(store.view(), pieces, store.key_count(partition));
    const RunWriter writer(sweep, events, order);
    const std::vector<int64_t> rows =
        RowsInOrder(events, sweep.by_created(events.has_created()), order);
    SortedRun run;
    for (size_t first = 0; first < rows.size(); first += kBatchRows) {
      const size_t count = std::min<size_t>(kBatchRows, rows.size() - first);
      ARROW_ASSIGN_OR_RAISE(const auto batch, writer.Batch(std::span(rows).subspan(first, count)));
      ARROW_ASSIGN_OR_RAISE(const SpillFile::Place place, spill->Write(*batch));
      run.push_back(place);
    }
    made.runs.push_back(std::move(run));
    return Status::OK();
  };
  const int64_t rows_max = std::max<int64_t>(1, bytes_max / store.row_load_bytes());
  const auto sort_parts = [&](std::span<const sweep::EventPiece> pieces) -> Status {
    if (pieces.size() > 1) return sort(pieces);
    for (int64_t first = pieces[0].first; first < pieces[0].last; first += rows_max) {
      const sweep::EventPiece part{pieces[0].rows, first,
                                   std::min(first + rows_max, pieces[0].last)};
      ARROW_RETURN_NOT_OK(sort(std::span(&part, 1)));
    }
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(store.ForPieces(partition, bytes_max, sort_parts));
  return made;
}

Result<std::unique_ptr<arrow::RecordBatchReader>> SortedRuns::Merge(const SpillFile& spill) const {
  auto merged = std::make_unique<MergedRuns>(runs, spill);
  ARROW_RETURN_NOT_OK(merged->Start());
  return merged;
}

Result<std::unique_ptr<arrow::RecordBatchReader>> SpineStream(const sweep::Questions& questions,
                                                              const StreamOrder& order) {
  ColumnBuffer keys(Kind::kBytes);
  ColumnBuffer times(Kind::kTimestamp);
  ColumnBuffer rows(Kind::kInt64);
  for (const int32_t key : order.keys()) {
    for (int64_t q = questions.offsets[key]; q < questions.offsets[key + 1]; ++q) {
      keys.AppendString(order.bytes(key));
      times.AppendInt(questions.times[q].micros());
      rows.AppendInt(questions.rows[q]);
    }
  }
  RecordColumns columns;
  ARROW_RETURN_NOT_OK(columns.Add("key", keys.View()));
  ARROW_RETURN_NOT_OK(columns.Add("event_timestamp", times.View()));
  ARROW_RETURN_NOT_OK(columns.Add("row", rows.View()));
  auto batch = std::move(columns).Finish(questions.size());
  ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches({batch}));
  struct OverTable final : arrow::RecordBatchReader {
    explicit OverTable(std::shared_ptr<arrow::Table> t) : table(std::move(t)), reader(*table) {}
    std::shared_ptr<arrow::Schema> schema() const override { return table->schema(); }
    Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
      return reader.ReadNext(out);
    }
    std::shared_ptr<arrow::Table> table;
    arrow::TableBatchReader reader;
  };
  return std::make_unique<OverTable>(std::move(table));
}

}  // namespace millrace::offline
