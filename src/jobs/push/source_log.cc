// The store follows by reading the log back, so that what is applied at once and what is applied
// after a crash are one.
#include "jobs/push/source_log.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

// Every batch reads the segments of the log, to find its own rows at their end.
constexpr int64_t kSegmentBytesMax = int64_t{16} << 20;
constexpr std::chrono::milliseconds kPause{20};  // between looks at a log that somebody has

// As the store, the log has one writer at a time; in front of a store that nobody owns, the log is
// what is waited for.
Result<std::unique_ptr<sources::PushLogWriter>> OpenLog(const std::string& push,
                                                        const features::Source& source,
                                                        const sources::PushLogOptions& options,
                                                        std::chrono::seconds wait) {
  const auto end = std::chrono::steady_clock::now() + wait;
  while (true) {
    auto log = sources::PushLogWriter::Open(push, source, options);
    if (log.ok() || !(base::ProblemsOf(log.status())[0].code == base::codes::kConflict) ||
        std::chrono::steady_clock::now() >= end) {
      return log;
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

Result<const features::Source*> FindSource(const features::FeaturePlan& plan,
                                           const std::string& name) {
  const int index = plan.FindSource(name);
  if (index >= 0) return &plan.sources[static_cast<size_t>(index)];
  std::vector<std::string> known;
  for (const features::Source& source : plan.sources) known.push_back(source.name);
  return base::Error({base::codes::kUnknownName,
                      fmt::format("there is no source '{}'", name),
                      {},
                      base::NearestHint(name, known)});
}

Status OnlyLogged(const Status& store, const sources::WriterRows& rows) {
  std::vector<base::Problem> problems = base::ProblemsOf(store);
  problems[0].message = fmt::format(
      "rows {}-{} of {} are in the push log and will reach the store with the next push or "
      "materialize: {}",
      rows.rows.first, rows.rows.last, rows.writer, problems[0].message);
  return base::Errors(std::move(problems));
}

Result<std::unique_ptr<SourceLog>> SourceLog::Open(const LogUpdateOf& of,
                                                   const features::Source& source,
                                                   const SourceLogOptions& options) {
  sources::PushLogOptions log;
  log.durability = options.durability == project::Durability::kSync ? sources::Durability::kPower
                                                                    : sources::Durability::kProcess;
  log.segment_bytes_max = kSegmentBytesMax;
  ARROW_ASSIGN_OR_RAISE(auto writer,
                        OpenLog(of.push, source, log, std::chrono::seconds(options.wait_seconds)));
  std::unique_ptr<SourceLog> opened(new SourceLog(of, options.writing, std::move(writer)));
  ARROW_ASSIGN_OR_RAISE(opened->caught_up_, opened->UpdateTo(std::nullopt));
  return opened;
}

bool SourceLog::Takes(const features::Source& source) const {
  const arrow::Schema& schema = *log_->schema();
  return std::equal(
      source.columns.begin(), source.columns.end(), schema.fields().begin(), schema.fields().end(),
      [](const features::Field& column, const std::shared_ptr<arrow::Field>& field) {
        return column.name == field->name() && field->type()->Equals(*column.type.ToArrow());
      });
}

PushedBatch SourceLog::Nothing() const {
  return {{log_->writer(), {log_->next_row(), log_->next_row() - 1}}, commit_};
}

Result<PushedBatch> SourceLog::UpdateTo(const std::optional<sources::WriterRows>& pushed) {
  std::unique_lock<std::mutex> writing;
  if (writing_ != nullptr) writing = std::unique_lock(*writing_);
  ARROW_ASSIGN_OR_RAISE(LogUpdateReport report, UpdateFromLogs(of_, pushed));
  commit_ = report.store.commit;
  PushedBatch batch = Nothing();
  batch.rejected = std::move(report.rejected);
  batch.waiting = std::move(report.waiting);
  return batch;
}

Result<sources::RowRange> SourceLog::Append(std::span<const sources::PushRows> batches) {
  ARROW_ASSIGN_OR_RAISE(const int64_t first, log_->Append(batches));
  return sources::RowRange{first, log_->next_row() - 1};
}

// Of the rows that are in the log, those that the store has are told apart by its own offsets.
Result<PushedBatch> SourceLog::Update() {
  return UpdateTo(sources::WriterRows{log_->writer(), {1, log_->next_row() - 1}});
}

Status SourceLog::CompactIfDue() {
  return log_->CompactIfDue(of_.clock->Now()).status();
}

}  // namespace millrace::jobs
