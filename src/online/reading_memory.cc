#include "online/reading_memory.h"

#include <utility>

namespace millrace::online {

namespace {

// More is not kept: of answers that were large, or held for long.
constexpr size_t kRowsKept = 1'024;
constexpr size_t kMemoriesKept = 8;

}  // namespace

void ReadingMemory::Clear() {
  keys.clear();
  request.clear();
  // Cells that the columns have are kept, what derived columns own is not.
  for (auto* views : {&uses, &on_demand}) {
    for (OfView& of : *views) of.columns.clear();
  }
  times_used = 0;
  statuses.clear();
}

std::span<base::EventTime> ReadingMemory::NewTimes(int64_t rows) {
  if (times_used == times.size()) times.emplace_back();
  std::vector<base::EventTime>& taken = times[times_used++];
  taken.assign(static_cast<size_t>(rows), ViewCells::kNoTime);
  return taken;
}

std::shared_ptr<ReadingMemory> MemoryPool::Take() {
  std::unique_ptr<ReadingMemory> memory;
  {
    const std::lock_guard lock(free_->mutex);
    if (!free_->memories.empty()) {
      memory = std::move(free_->memories.back());
      free_->memories.pop_back();
    }
  }
  if (memory == nullptr) memory = std::make_unique<ReadingMemory>();
  return {memory.release(), [free = free_](ReadingMemory* done) {
            std::unique_ptr<ReadingMemory> owned(done);
            if (owned->heads.size() > kRowsKept) return;
            owned->Clear();
            const std::lock_guard lock(free->mutex);
            if (free->memories.size() < kMemoriesKept) free->memories.push_back(std::move(owned));
          }};
}

}  // namespace millrace::online
