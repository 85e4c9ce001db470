// The log comes first: what it took is pushed. The store follows.
#include "jobs/push/push.h"

#include <utility>

#include "jobs/source_folders.h"

namespace millrace::jobs {

using base::Result;
using base::Status;

Pusher::Pusher(const PushOptions& options, const base::Clock& clock, ServedPlans plans,
               PushedLines lines)
    : options_(options), clock_(clock), plans_(std::move(plans)), lines_(std::move(lines)) {}

Result<std::unique_ptr<Pusher>> Pusher::Open(const Repository& repository,
                                             const PushOptions& options, const base::Clock& clock) {
  const project::Project& project = repository.project;
  ARROW_ASSIGN_OR_RAISE(ServedPlans plans, ServedPlans::Open(repository));
  const std::shared_ptr<const features::FeaturePlan> plan = plans.newest().plan;
  ARROW_ASSIGN_OR_RAISE(const features::Source* source, FindSource(*plan, options.source));
  ARROW_ASSIGN_OR_RAISE(PushedLines lines, PushedLines::Of(*source));
  ARROW_ASSIGN_OR_RAISE(const SourceFolders folders, FoldersOf(project));
  std::unique_ptr<Pusher> pusher(new Pusher(options, clock, std::move(plans), std::move(lines)));
  ARROW_ASSIGN_OR_RAISE(pusher->store_, OpenOnlineStore(project, false, options.wait_seconds));
  const LogUpdateOf update = {.store = pusher->store_.get(),
                              .plans = &pusher->plans_,
                              .clock = &clock,
                              .project = project.name,
                              .push = folders.push,
                              .source = options.source,
                              .folder = project.folder};
  ARROW_ASSIGN_OR_RAISE(pusher->log_, SourceLog::Open(update, *source,
                                                      {.durability = project.durability,
                                                       .wait_seconds = options.wait_seconds}));
  return pusher;
}

Result<PushedBatch> Pusher::Append(std::span<const std::string_view> lines, int64_t first_line) {
  for (size_t i = 0; i < lines.size(); ++i) {
    lines_.Add(lines[i], first_line + static_cast<int64_t>(i));
  }
  sources::PushRows rows;
  const bool none = lines_.rows() == 0;
  ARROW_ASSIGN_OR_RAISE(rows.rows, lines_.Take());
  if (none) return log_->Nothing();
  rows.received = clock_.Now();
  rows.to = options_.to;
  sources::WriterRows pushed{log_->writer(), {}};
  ARROW_ASSIGN_OR_RAISE(pushed.rows, log_->Append(std::span(&rows, 1)));
  auto batch = log_->Update();
  if (!batch.ok()) return OnlyLogged(batch.status(), pushed);
  batch->rows = std::move(pushed);
  return batch;
}

Status Pusher::CompactIfDue() {
  return log_->CompactIfDue();
}

}  // namespace millrace::jobs
