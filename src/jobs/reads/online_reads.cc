// A version that is taken up brings a SearchedNames of its own; requests that run keep the one that
// they began with.
#include "jobs/reads/online_reads.h"

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "jobs/reads/head_reads.h"
#include "jobs/reads/lent_readings.h"
#include "jobs/reads/searched_names.h"
#include "jobs/update/served_plans.h"

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

// A registry that is locked for longer is asked again later: requests may be waiting.
constexpr int kLockSeconds = 1;

class ReadsOfStore final : public OnlineReads {
 public:
  ReadsOfStore(const Repository& repository, std::shared_ptr<const kv::Store> store,
               const base::Clock& clock)
      : repository_(repository), place_{std::move(store), repository.project.name, &clock} {
    repository_.registry.set_lock_seconds(kLockSeconds);
  }

  Status Open() {
    ARROW_ASSIGN_OR_RAISE(ServedPlans plans, ServedPlans::Open(repository_));
    names_ = std::make_shared<SearchedNames>(std::move(plans), place_);
    return Status::OK();
  }

  Result<std::shared_ptr<const PreparedRead>> Prepare(const AskedNames& names) override {
    return Names()->Find(names);
  }

  std::shared_ptr<const PreparedRead> Known(const AskedNames& names) override {
    return Names()->FindStaying(names);
  }

  void Read(std::span<ReadTogether> reads) override {
    const auto began = std::chrono::steady_clock::now();
    ReadOnce(reads);
    for (ReadTogether& read : reads) {
      if (!read.answer.ok() && IsNotReady(read.answer.status())) ReadAgain(began, &read);
    }
  }

  void ReadLater(kv::AsyncReader* reader, std::vector<ReadTogether> reads, Then then) override {
    ReadByHeads(reader, std::move(reads), std::move(then));
  }

  Result<bool> Refresh() override {
    const std::lock_guard refreshing(refreshing_);
    const std::shared_ptr<SearchedNames> names = Names();
    const int known = names->newest().version;
    ARROW_ASSIGN_OR_RAISE(const int newest, repository_.registry.NewestNumber());
    if (newest == known) return false;
    if (newest < known) {
      return base::Error(base::codes::kConflict,
                         fmt::format("registry {}: {}, after version {} was taken up from it",
                                     repository_.registry.path(),
                                     newest == 0 ? "there is no version any more"
                                                 : fmt::format("its newest version is {}", newest),
                                     known));
    }
    ARROW_ASSIGN_OR_RAISE(ServedPlans plans, ServedPlans::Open(repository_));
    names->GivePlansTo(&plans);
    auto next = std::make_shared<SearchedNames>(std::move(plans), place_);
    const std::lock_guard lock(mutex_);
    names_ = std::move(next);
    return true;
  }

  int version() const override { return Names()->newest().version; }
  std::shared_ptr<const features::FeaturePlan> plan() const override {
    return Names()->newest().plan;
  }

 private:
  std::shared_ptr<SearchedNames> Names() const {
    const std::shared_lock lock(mutex_);
    return names_;
  }

  void ReadOnce(std::span<ReadTogether> reads) const {
    LentReadings readings;
    for (const ReadTogether& read : reads) readings.Add(read);
    online::ReadAll(*place_.store, readings.all());
    for (size_t i = 0; i < reads.size(); ++i) {
      reads[i].answer = std::move(readings.all()[i].answer);
    }
  }

  // The store had what the version reads when that was searched: it lost it to a rebuild or a
  // vacuum since, after which another version answers.
  void ReadAgain(std::chrono::steady_clock::time_point since, ReadTogether* read) const {
    Result<std::shared_ptr<const KeptReaders>> found =
        Names()->SearchSince(KeptReaders::Of(*read).names(), since);
    if (!found.ok()) {
      read->answer = found.status();
    } else if ((*found)->TakesWhatIsAskedOf(*read->read)) {
      read->read = *std::move(found);
      ReadOnce({read, 1});
    }
  }

  Repository repository_;
  const SearchPlace place_;
  std::mutex refreshing_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<SearchedNames> names_;
};

}  // namespace

Result<std::unique_ptr<OnlineReads>> OnlineReads::Open(const Repository& repository,
                                                       std::shared_ptr<const kv::Store> store,
                                                       const base::Clock& clock) {
  auto opened = std::make_unique<ReadsOfStore>(repository, std::move(store), clock);
  ARROW_RETURN_NOT_OK(opened->Open());
  return opened;
}

}  // namespace millrace::jobs
