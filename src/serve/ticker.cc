#include "serve/ticker.h"

#include <fmt/format.h>

#include "state/format/description.h"

namespace millrace::serve {

using base::Status;

namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr int kCompactTicks = 10;

}  // namespace

Ticker::Ticker(Backend* backend, const kv::Store* store,
               std::optional<std::chrono::seconds> materialize_every)
    : backend_(backend), store_(store), materialize_every_(materialize_every) {
  LookAtStore();
  thread_ = std::thread([this] { Run(); });
}

Ticker::~Ticker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void Ticker::Run() {
  auto materialize_at = std::chrono::steady_clock::now();  // the first run is at once
  std::unique_lock lock(mutex_);
  for (int tick = 1; !stopped_.wait_for(lock, kTick, [&] { return stopping_; }); ++tick) {
    lock.unlock();
    LookAtStore();
    FollowRegistry();
    Tell("tokens", backend_->tokens->problem(), &tokens_problem_);
    if (tick % kCompactTicks == 0) Tell("push_log", backend_->writes->Compact(), &log_problem_);
    const auto now = std::chrono::steady_clock::now();
    if (materialize_every_.has_value() && now >= materialize_at) {
      materialize_at = now + *materialize_every_;
      Materialize();
    }
    lock.lock();
  }
}

void Ticker::LookAtStore() {
  const auto read = [&]() -> base::Result<int64_t> {
    ARROW_ASSIGN_OR_RAISE(const auto snapshot, store_->Read());
    ARROW_ASSIGN_OR_RAISE(const auto description,
                          state::Description::Read(*snapshot, backend_->repository->project.name));
    return description.commit.number;
  };
  const auto commit = read();
  backend_->store.reachable = commit.ok();
  if (commit.ok()) backend_->store.commit = *commit;
  Tell("store", commit.status(), &store_problem_);
}

void Ticker::FollowRegistry() {
  const auto changed = backend_->reads->Refresh();
  Status status = changed.status();
  if (status.ok() && *changed) {
    status = backend_->writes->Refresh();
    backend_->log->Event(LogLevel::kInfo, "version",
                         fmt::format("version {} of the definitions", backend_->reads->version()));
  }
  Tell("registry", status, &registry_problem_);
}

void Ticker::Materialize() {
  const bool added = backend_->materialize_queue->Add([this] {
    const auto report = backend_->writes->Materialize({});
    if (!report.ok()) {
      backend_->log->Event(LogLevel::kError, "materialize",
                           base::ProblemsOf(report.status())[0].ToString());
    } else if (report->changed) {
      backend_->log->Event(LogLevel::kInfo, "materialize",
                           fmt::format("commit {}: {} rows", report->commit, report->rows));
    }
  });
  if (!added) backend_->log->Event(LogLevel::kWarning, "materialize", "others wait for their turn");
}

void Ticker::Tell(std::string_view event, const Status& status, std::string* last) {
  const std::string problem = status.ok() ? "" : base::ProblemsOf(status)[0].ToString();
  if (problem == *last) return;
  *last = problem;
  backend_->log->Event(problem.empty() ? LogLevel::kInfo : LogLevel::kError, event,
                       problem.empty() ? "works again" : problem);
}

}  // namespace millrace::serve
