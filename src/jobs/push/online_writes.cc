// Two locks matter: a source's log is its PushedSource's; the store has one writer at a time, which
// also keeps the definitions that it writes by from changing.
#include "jobs/push/online_writes.h"

#include <map>
#include <mutex>
#include <utility>

#include "jobs/source_folders.h"

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

constexpr int kLogWaitSeconds = 1;  // for a command that has the log; all who push wait meanwhile

class Writes final : public OnlineWrites {
 public:
  Writes(const Repository& repository, std::shared_ptr<kv::Store> store, const base::Clock& clock,
         ServedPlans plans)
      : repository_(repository),
        store_(std::move(store)),
        clock_(clock),
        plans_(std::move(plans)),
        newest_(plans_.newest()) {}

  Status Open() { return FoldersOf(repository_.project).Value(&folders_); }

  Result<PushAnswer> Push(const PushCall& call) override {
    ARROW_ASSIGN_OR_RAISE(PushedSource * source, FindPushed(call.source));
    return source->Push(call);
  }

  Result<WritableView> FindWritable(const std::string& view) override {
    return FindWritableView(*Newest().plan, view);
  }

  Result<MaterializeReport> Materialize(const MaterializeOptions& options) override {
    const std::lock_guard one(materializing_);
    ARROW_RETURN_NOT_OK(Refresh());
    return jobs::Materialize(
        repository_, options,
        {.store = store_, .plans = [this] { return CopyPlans(); }, .writing = &writing_}, clock_);
  }

  Status Compact() override {
    std::vector<PushedSource*> sources;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [name, source] : sources_) sources.push_back(source.get());
    }
    Status first;
    for (PushedSource* source : sources) {
      const Status tended = source->Tend();
      if (first.ok()) first = tended;
    }
    return first;
  }

  Status Refresh() override {
    ARROW_ASSIGN_OR_RAISE(ServedPlans plans, ServedPlans::Open(repository_));
    if (plans.newest().version == Newest().version) return Status::OK();
    const std::lock_guard writing(writing_);
    // Two may have looked at once.
    if (plans.newest().version <= plans_.newest().version) return Status::OK();
    plans_ = std::move(plans);
    const std::lock_guard lock(mutex_);
    newest_ = plans_.newest();
    return Status::OK();
  }

 private:
  ServedPlan Newest() const {
    const std::lock_guard lock(mutex_);
    return newest_;
  }

  ServedPlans CopyPlans() const {
    const std::lock_guard writing(writing_);
    return plans_;
  }

  Result<PushedSource*> FindPushed(const std::string& name) {
    ARROW_RETURN_NOT_OK(FindSource(*Newest().plan, name).status());
    const std::lock_guard lock(mutex_);
    std::unique_ptr<PushedSource>& source = sources_[name];
    if (source == nullptr) {
      const project::Project& project = repository_.project;
      source = std::make_unique<PushedSource>(
          PushedSourceOptions{.update = {.store = store_.get(),
                                         .plans = &plans_,
                                         .clock = &clock_,
                                         .project = project.name,
                                         .push = folders_.push,
                                         .source = name,
                                         .folder = project.folder},
                              .log = {.durability = project.durability,
                                      .wait_seconds = kLogWaitSeconds,
                                      .writing = &writing_},
                              .newest = [this] { return Newest(); }});
    }
    return source.get();
  }

  const Repository& repository_;
  const std::shared_ptr<kv::Store> store_;
  const base::Clock& clock_;
  SourceFolders folders_;
  std::mutex materializing_;
  mutable std::mutex writing_;                                    // of the store
  ServedPlans plans_;                                             // under writing_
  mutable std::mutex mutex_;                                      // of what follows; taken last
  ServedPlan newest_;                                             // of plans_
  std::map<std::string, std::unique_ptr<PushedSource>> sources_;  // pushed into since the start
};

}  // namespace

Result<std::unique_ptr<OnlineWrites>> OnlineWrites::Open(const Repository& repository,
                                                         std::shared_ptr<kv::Store> store,
                                                         const base::Clock& clock) {
  ARROW_ASSIGN_OR_RAISE(ServedPlans plans, ServedPlans::Open(repository));
  auto writes = std::make_unique<Writes>(repository, std::move(store), clock, std::move(plans));
  ARROW_RETURN_NOT_OK(writes->Open());
  return writes;
}

}  // namespace millrace::jobs
