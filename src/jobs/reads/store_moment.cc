#include "jobs/reads/store_moment.h"

#include <utility>

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

class StoppedClock final : public base::Clock {
 public:
  explicit StoppedClock(base::EventTime now) : now_(now) {}
  base::EventTime Now() const override { return now_; }

 private:
  const base::EventTime now_;
};

class SharedSnapshot final : public kv::Snapshot {
 public:
  explicit SharedSnapshot(std::shared_ptr<const kv::Snapshot> of) : of_(std::move(of)) {}
  Result<kv::Found> GetMany(std::span<const std::string_view> keys) const override {
    return of_->GetMany(keys);
  }
  Result<std::unique_ptr<kv::RowReader>> Range(std::string_view prefix) const override {
    return of_->Range(prefix);
  }

 private:
  const std::shared_ptr<const kv::Snapshot> of_;
};

Status ReadOnly() {
  return base::Error(base::codes::kInternal, "a moment of a store cannot be written to");
}

}  // namespace

Result<StoreMoment> StoreMoment::Of(const kv::Store& store, const base::Clock& clock) {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<kv::Snapshot> snapshot, store.Read());
  return StoreMoment(std::move(snapshot), std::make_shared<StoppedClock>(clock.Now()));
}

Result<std::unique_ptr<kv::Snapshot>> StoreMoment::Read() const {
  return std::make_unique<SharedSnapshot>(snapshot_);
}

Result<std::unique_ptr<kv::Transaction>> StoreMoment::Begin(kv::Guard) {
  return ReadOnly();
}
Status StoreMoment::BulkLoad(kv::RowReader*) {
  return ReadOnly();
}
Status StoreMoment::DeletePrefix(std::string_view) {
  return ReadOnly();
}
Result<int64_t> StoreMoment::SizeBytes() const {
  return int64_t{0};
}

}  // namespace millrace::jobs
