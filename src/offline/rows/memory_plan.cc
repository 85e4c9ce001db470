// Shares of the budget, by what was measured: decoding and sorting need about as much again as the
// rows themselves.
#include "offline/rows/memory_plan.h"

#include <malloc.h>

#include <algorithm>

namespace millrace::offline {

namespace {

// Small enough for a core's cache, large enough that a partition's own cost does not count.
constexpr int64_t kPartitionBytes = int64_t{4} << 20;
constexpr int64_t kPartitionsMax = 512;
constexpr int64_t kBatchRowsMax = int64_t{1} << 20;
constexpr int64_t kBatchRowsMin = 1'024;
constexpr int64_t kBytesPerRowDecoded = 128;
constexpr int kReturnedBytesMin = 1 << 20;

}  // namespace

int64_t MemoryPlan::BatchRows(int64_t bytes_max, int threads) {
  return std::clamp(bytes_max / 8 / kBytesPerRowDecoded / threads, kBatchRowsMin, kBatchRowsMax);
}

MemoryPlan MemoryPlan::Make(int64_t bytes_max, const WorkEstimate& work) {
  const int64_t free = std::max<int64_t>(bytes_max - work.spine_bytes, bytes_max / 4);
  MemoryPlan plan;
  plan.rows_bytes_max = free * 3 / 8;  // as much again may be on its way to the spill file
  plan.strings_bytes_max = free / 16;
  plan.load_bytes_max = free * 3 / 4;
  plan.spill_answers = work.answer_bytes > free / 4;
  // As many as keep the caches warm, and as keep a partition well below what may be loaded.
  const int64_t for_caches = std::min<int64_t>(work.event_bytes / kPartitionBytes, 128);
  const int64_t for_memory =
      work.event_bytes * 8 * work.threads / std::max<int64_t>(plan.load_bytes_max, 1);
  plan.partitions = static_cast<int32_t>(
      std::clamp<int64_t>(std::max(for_caches, for_memory), 1, kPartitionsMax));
  return plan;
}

void ReturnFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, kReturnedBytesMin);
  malloc_trim(0);
}

MemoryGate::Pass::Pass(MemoryGate* gate, int64_t bytes) : gate_(gate), bytes_(bytes) {
  std::unique_lock lock(gate_->mutex_);
  gate_->freed_.wait(
      lock, [&] { return gate_->bytes_ == 0 || gate_->bytes_ + bytes_ <= gate_->bytes_max_; });
  gate_->bytes_ += bytes_;
}

MemoryGate::Pass::~Pass() {
  {
    const std::lock_guard lock(gate_->mutex_);
    gate_->bytes_ -= bytes_;
  }
  gate_->freed_.notify_all();
}

}  // namespace millrace::offline
