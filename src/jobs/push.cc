// The log comes first: what it took is pushed. The store follows by reading the log back, so that
// what is applied at once and what is applied after a crash are one.
#include "jobs/push.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <utility>

#include "jobs/source_folders.h"

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

// Every batch reads the segments of the log, to find its own rows at their end.
constexpr int64_t kSegmentBytesMax = int64_t{16} << 20;
constexpr std::chrono::milliseconds kPause{20};  // between looks at a log that somebody has

Result<int> FindSource(const features::FeaturePlan& plan, const std::string& name) {
  const int index = plan.FindSource(name);
  if (index >= 0) return index;
  std::vector<std::string> known;
  for (const features::Source& source : plan.sources) known.push_back(source.name);
  return base::Error({base::codes::kUnknownName,
                      fmt::format("there is no source '{}'", name),
                      {},
                      base::NearestHint(name, known)});
}

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

// The same problem, with what became of the rows.
Status StoreFailed(const Status& status, const sources::WriterRows& rows) {
  std::vector<base::Problem> problems = base::ProblemsOf(status);
  problems[0].message = fmt::format(
      "rows {}-{} of {} are in the push log and will reach the store with the next push or "
      "materialize: {}",
      rows.rows.first, rows.rows.last, rows.writer, problems[0].message);
  return base::Errors(std::move(problems));
}

}  // namespace

Pusher::Pusher(const PushOptions& options, const base::Clock& clock, ServedPlans plans,
               PushedLines lines)
    : options_(options), clock_(clock), plans_(std::move(plans)), lines_(std::move(lines)) {}

Result<std::unique_ptr<Pusher>> Pusher::Open(const Repository& repository,
                                             const PushOptions& options, const base::Clock& clock) {
  const project::Project& project = repository.project;
  ARROW_ASSIGN_OR_RAISE(ServedPlans plans, ServedPlans::Open(repository));
  const features::FeaturePlan& plan = *plans.newest().plan;
  ARROW_ASSIGN_OR_RAISE(const int index, FindSource(plan, options.source));
  const features::Source& source = plan.sources[static_cast<size_t>(index)];
  ARROW_ASSIGN_OR_RAISE(PushedLines lines, PushedLines::Of(source));
  ARROW_ASSIGN_OR_RAISE(const SourceFolders folders, FoldersOf(project));
  std::unique_ptr<Pusher> pusher(new Pusher(options, clock, std::move(plans), std::move(lines)));
  ARROW_ASSIGN_OR_RAISE(pusher->store_, OpenOnlineStore(project, false, options.wait_seconds));
  const bool sync = project.durability == project::Durability::kSync;
  sources::PushLogOptions log;
  log.durability = sync ? sources::Durability::kPower : sources::Durability::kProcess;
  log.segment_bytes_max = kSegmentBytesMax;
  ARROW_ASSIGN_OR_RAISE(
      pusher->log_, OpenLog(folders.push, source, log, std::chrono::seconds(options.wait_seconds)));
  pusher->update_ = {.store = pusher->store_.get(),
                     .plans = &pusher->plans_,
                     .clock = &clock,
                     .project = project.name,
                     .push = folders.push,
                     .source = options.source,
                     .folder = project.folder};
  ARROW_ASSIGN_OR_RAISE(pusher->caught_up_, pusher->Update({}));
  return pusher;
}

Result<PushedBatch> Pusher::Update(const std::optional<sources::WriterRows>& pushed) {
  ARROW_ASSIGN_OR_RAISE(LogUpdateReport report, UpdateFromLogs(update_, pushed));
  PushedBatch batch;
  batch.rows = {log_->writer(), {log_->next_row(), log_->next_row() - 1}};
  batch.commit = report.store.commit;
  commit_ = batch.commit;
  batch.rejected = std::move(report.rejected);
  batch.waiting = std::move(report.waiting);
  return batch;
}

Result<PushedBatch> Pusher::Append(std::span<const std::string_view> lines, int64_t first_line) {
  for (size_t i = 0; i < lines.size(); ++i) {
    lines_.Add(lines[i], first_line + static_cast<int64_t>(i));
  }
  sources::PushRows rows;
  const bool none = lines_.rows() == 0;
  ARROW_ASSIGN_OR_RAISE(rows.rows, lines_.Take());
  if (none) return PushedBatch{{log_->writer(), {log_->next_row(), log_->next_row() - 1}}, commit_};
  rows.received = clock_.Now();
  rows.to = options_.to;
  ARROW_ASSIGN_OR_RAISE(const int64_t first, log_->Append(std::span(&rows, 1)));
  sources::WriterRows pushed = {log_->writer(), {first, log_->next_row() - 1}};
  auto batch = Update(sources::WriterRows{pushed.writer, {1, pushed.rows.last}});
  if (!batch.ok()) return StoreFailed(batch.status(), pushed);
  batch->rows = std::move(pushed);
  return batch;
}

Status Pusher::CompactIfDue() {
  return log_->CompactIfDue(clock_.Now()).status();
}

}  // namespace millrace::jobs
