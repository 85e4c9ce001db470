// The course of a training set: check, number the spine's keys, read, sweep partition by partition,
// answer chunk by chunk.
#include "offline/training_set.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <chrono>
#include <utility>

#include "base/check.h"
#include "offline/answer_chunk.h"
#include "offline/column_names.h"
#include "offline/spine.h"
#include "offline/steps.h"
#include "offline/threads.h"
#include "offline/view_sweeps.h"

namespace millrace::offline {

using base::Result;
using base::Status;

namespace {

class Builder {
 public:
  Builder(const TrainingSetRequest& request, const SourceOpener& open)
      : request_(request),
        plan_(*request.plan),
        run_(OnThreads(request.threads)),
        needs_(features::FindNeeds(plan_, request.selection)),
        sweeps_(request, needs_, open, run_) {}

  Result<Report> Build(RowSink* sink) {
    if (request_.spine == nullptr) ARROW_RETURN_NOT_OK(CheckSteps(request_));
    ARROW_RETURN_NOT_OK(CheckNames(request_));
    if (request_.spine != nullptr) {
      ARROW_ASSIGN_OR_RAISE(spine_, ReadSpine(request_, run_, sweeps_.spaces()));
    }
    ARROW_RETURN_NOT_OK(sweeps_.Read(spine_));
    ARROW_RETURN_NOT_OK(sweeps_.Sweep(&spine_));
    FillReport();
    ARROW_RETURN_NOT_OK(WriteChunks(sink));
    if (request_.strict && report_.HasBadRows()) return StrictError();
    return std::move(report_);
  }

 private:
  // As many chunks at a time as there are threads, written in order.
  Status WriteChunks(RowSink* sink) {
    const Known known{request_, needs_, spine_, sweeps_.newest()};
    const AnswerChunks chunks(known, sweeps_.answers(), sweeps_.respecting());
    const std::shared_ptr<arrow::Schema> schema = chunks.schema();
    report_.columns_out = schema->num_fields();
    ARROW_RETURN_NOT_OK(sink->Begin(schema));
    const int64_t wave = ThreadCount(request_.threads);
    const int64_t count = (spine_.rows + request_.chunk_rows - 1) / request_.chunk_rows;
    if (request_.progress != nullptr) request_.progress->Begin("writing", spine_.rows, "rows");
    for (int64_t first = 0; first < count; first += wave) {
      std::vector<AnswerChunk> made(std::min(wave, count - first));
      ARROW_RETURN_NOT_OK(run_(static_cast<int64_t>(made.size()), [&](int64_t i) {
        const int64_t row = (first + i) * request_.chunk_rows;
        return chunks.Make({row, std::min(row + request_.chunk_rows, spine_.rows)}).Value(&made[i]);
      }));
      for (const AnswerChunk& chunk : made) {
        AddTally(chunk.tally, &report_);
        ARROW_RETURN_NOT_OK(sink->Write(chunk.rows));
        report_.rows_out += chunk.rows->num_rows();
        if (request_.progress != nullptr) request_.progress->Advance(chunk.rows->num_rows());
      }
    }
    if (request_.progress != nullptr) request_.progress->End();
    return Status::OK();
  }

  void FillReport() {
    report_.with_spine = request_.spine != nullptr;
    report_.rows_in = spine_.rows;
    report_.ignored_created = request_.ignore_created;
    report_.features =
        static_cast<int64_t>(request_.selection.columns.size() + request_.labels.size());
    report_.gaps = sweeps_.Gaps();
    report_.spilled_bytes = sweeps_.spilled_bytes();
    for (const SourceStats& stats : sweeps_.sources()) {
      const features::Source& source = plan_.sources[stats.source];
      const bool has_created = static_cast<bool>(source.created);
      report_.sources.push_back({source.name, stats.events, stats.pruned.rows, stats.files,
                                 has_created, stats.one_sided});
      if (has_created) continue;
      report_.assumptions.push_back("source " + source.name +
                                    " has no `created`: assumes that events are online the "
                                    "instant they happen");
    }
    report_.rejected = sweeps_.rejected();
    CountNullSpineCells(spine_, &report_);
  }

  Status StrictError() const {
    std::string message = "--strict: " + std::to_string(report_.rejected.total()) +
                          " rejected rows and " + std::to_string(report_.error_cells.size()) +
                          " features with error cells; nothing is written";
    for (const auto& reason : report_.rejected.reasons) {
      message += "\n  " + reason.where + ": " + reason.code + " " + std::to_string(reason.count);
      if (!reason.examples.empty() && !reason.examples[0].empty()) {
        message += " (first: " + reason.examples[0] + ")";
      }
    }
    for (const ErrorCells& cells : report_.error_cells) {
      message += "\n  " + cells.feature + ": " + cells.code + " " + std::to_string(cells.count) +
                 " (first: " + cells.first_key + ")";
    }
    return base::Error(base::codes::kStrict, std::move(message));
  }

  const TrainingSetRequest& request_;
  const features::FeaturePlan& plan_;
  const RunTasks run_;
  const features::Needs needs_;
  ViewSweeps sweeps_;
  Spine spine_;
  Report report_;
};

class TableOfRows final : public RowSink {
 public:
  Status Begin(const std::shared_ptr<arrow::Schema>& schema) override {
    schema_ = schema;
    return Status::OK();
  }
  Status Write(const std::shared_ptr<arrow::RecordBatch>& rows) override {
    batches_.push_back(rows);
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Table>> Table() const {
    return arrow::Table::FromRecordBatches(schema_, batches_);
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  arrow::RecordBatchVector batches_;
};

}  // namespace

Result<Report> MakeTrainingSet(const TrainingSetRequest& request, const SourceOpener& open,
                               RowSink* sink) {
  MILLRACE_CHECK(request.plan != nullptr && request.memory_bytes > 0 && request.chunk_rows > 0);
  const auto started = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(Report report, Builder(request, open).Build(sink));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  report.seconds = took.count();
  return report;
}

Result<TrainingSet> MakeTrainingSet(const TrainingSetRequest& request, const SourceOpener& open) {
  TableOfRows rows;
  ARROW_ASSIGN_OR_RAISE(Report report, MakeTrainingSet(request, open, &rows));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Table> table, rows.Table());
  return TrainingSet{std::move(table), std::move(report)};
}

}  // namespace millrace::offline
