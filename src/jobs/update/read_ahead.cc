#include "jobs/update/read_ahead.h"

#include <utility>

namespace millrace::jobs {

using base::Result;
using base::Status;

ReadAhead::ReadAhead(std::vector<ReadUnit*> units, size_t batches_max)
    : units_(std::move(units)), batches_max_(batches_max), thread_([this] { Run(); }) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<std::optional<ReadAhead::Item>> ReadAhead::Next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_.empty() || ended_; });
  if (waiting_.empty()) {
    ARROW_RETURN_NOT_OK(status_);
    return std::nullopt;
  }
  Item item = std::move(waiting_.front());
  waiting_.pop_front();
  lock.unlock();
  changed_.notify_all();
  return item;
}

void ReadAhead::Run() {
  Status status = ReadUnits();
  {
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
    ended_ = true;
  }
  changed_.notify_all();
}

Status ReadAhead::ReadUnits() {
  for (size_t unit = 0; unit < units_.size(); ++unit) {
    ARROW_RETURN_NOT_OK(Read(unit));
    if (!Give({unit, std::nullopt})) break;
  }
  return Status::OK();
}

Status ReadAhead::Read(size_t unit) {
  ReadUnit& read = *units_[unit];
  ARROW_ASSIGN_OR_RAISE(const auto reader, read.open());
  for (int64_t i = 0; i < reader->parts(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto part, reader->OpenPart(i));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(std::optional<columns::EventBatch> batch, part->Next());
      if (!batch.has_value()) break;
      read.rows += batch->size;
      if (!Give({unit, std::move(batch)})) return Status::OK();
    }
    read.rejected.Merge(part->rejected());
    read.one_sided += part->one_sided();
  }
  read.pruned = reader->pruned();
  ARROW_ASSIGN_OR_RAISE(read.files, reader->Files());
  return Status::OK();
}

bool ReadAhead::Give(Item item) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < batches_max_ || stopped_; });
  if (stopped_) return false;
  waiting_.push_back(std::move(item));
  lock.unlock();
  changed_.notify_all();
  return true;
}

}  // namespace millrace::jobs
