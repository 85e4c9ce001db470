#include "offline/partition_sweep.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <string>
#include <utility>

#include "sweep/event_records.h"
#include "sweep/stream_sweep.h"

namespace millrace::offline {

using base::Result;
using base::Status;
using columns::Column;
using columns::OwnedColumn;
using sweep::ViewSweep;

namespace {

// Of what may be loaded, a part is sorted at once, and a part held while streams are swept: the
// rest is what both need beside their rows.
constexpr int64_t kSortShare = 4;
constexpr int64_t kHeldShare = 8;

// Takes the batches that SweepStreams pushes.
class AnswerCollector {
 public:
  explicit AnswerCollector(const ViewSweep& sweep) : sweep_(sweep) {
    for (const int feature : sweep.features) {
      answer_.swept.cells.emplace_back(sweep.view->features[feature].type);
    }
  }

  Status Add(const arrow::RecordBatch& batch) {
    ARROW_ASSIGN_OR_RAISE(const OwnedColumn rows,
                          sweep::FindColumn(batch, "row", columns::Kind::kInt64));
    ARROW_ASSIGN_OR_RAISE(const OwnedColumn found,
                          sweep::FindColumn(batch, "found", columns::Kind::kUInt8));
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      answer_.rows.push_back(rows.view.ints[i]);
      answer_.swept.found.push_back(static_cast<sweep::Found>(found.view.ints[i]));
    }
    if (sweep_.event_times) {
      ARROW_ASSIGN_OR_RAISE(const OwnedColumn times,
                            sweep::FindColumn(batch, "event_time", columns::Kind::kTimestamp));
      AppendAll(times.view, &answer_.swept.event_times);
    }
    for (size_t i = 0; i < sweep_.features.size(); ++i) {
      const int feature = sweep_.features[i];
      ARROW_ASSIGN_OR_RAISE(const OwnedColumn cells,
                            sweep::FindColumn(batch, "feature " + std::to_string(feature),
                                              sweep_.view->features[feature].type));
      AppendAll(cells.view, &answer_.swept.cells[i]);
    }
    return Status::OK();
  }

  PartitionSweep::Answer Finish(const sweep::Gaps& gaps) && {
    answer_.swept.gaps = gaps;
    return std::move(answer_);
  }

 private:
  static void AppendAll(const Column& column, columns::ColumnBuffer* out) {
    for (int64_t row = 0; row < column.size; ++row) out->AppendFrom(column, row);
  }

  const ViewSweep& sweep_;
  PartitionSweep::Answer answer_;
};

}  // namespace

PartitionSweep::PartitionSweep(const ViewStore& store, int32_t partition, const SweepRoom& room)
    : store_(store),
      partition_(partition),
      room_(room),
      fits_(store.load_bytes(partition) <= room.load_bytes_max),
      pass_(room.gate, std::min(store.load_bytes(partition), room.load_bytes_max)) {}

Result<std::unique_ptr<PartitionSweep>> PartitionSweep::Open(const ViewStore& store,
                                                             int32_t partition,
                                                             const SweepRoom& room) {
  std::unique_ptr<PartitionSweep> opened(new PartitionSweep(store, partition, room));
  if (!opened->fits_) return opened;
  ARROW_ASSIGN_OR_RAISE(opened->loaded_, store.Load(partition));
  opened->events_ =
      sweep::SortEvents(store.view(), opened->loaded_.pieces, store.key_count(partition));
  const auto& read = opened->loaded_.read;
  const bool needed =
      std::any_of(read.begin(), read.end(), [](const auto& rows) { return rows->OwnsStrings(); });
  if (!needed) opened->loaded_ = {};
  return opened;
}

Result<PartitionSweep::Answer> PartitionSweep::Run(const ViewSweep& sweep,
                                                   const sweep::Questions& questions) {
  if (!fits_) return RunStreams(sweep, questions);
  Answer answer;
  answer.swept = sweep::MakeViewSweeper(sweep)->Run(*events_, questions);
  answer.rows = questions.rows;
  return answer;
}

Result<PartitionSweep::Answer> PartitionSweep::RunStreams(const ViewSweep& sweep,
                                                          const sweep::Questions& questions) const {
  const StreamOrder order(store_, partition_);
  ARROW_ASSIGN_OR_RAISE(const SortedRuns runs,
                        SortedRuns::Make(store_, partition_, sweep, order,
                                         room_.load_bytes_max / kSortShare, room_.spill));
  ARROW_ASSIGN_OR_RAISE(const auto events, runs.Merge(*room_.spill));
  ARROW_ASSIGN_OR_RAISE(const auto spine, SpineStream(questions, order));
  const int64_t rows_max =
      std::max<int64_t>(1, room_.load_bytes_max / kHeldShare / store_.row_load_bytes());
  AnswerCollector collector(sweep);
  sweep::Gaps gaps;
  ARROW_RETURN_NOT_OK(sweep::SweepStreams(
      sweep, {events.get(), spine.get(), rows_max},
      [&](const std::shared_ptr<arrow::RecordBatch>& batch) { return collector.Add(*batch); },
      &gaps));
  return std::move(collector).Finish(gaps);
}

}  // namespace millrace::offline
