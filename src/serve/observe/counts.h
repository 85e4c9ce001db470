// Counts that several threads add to without waiting for one another: a thread adds to a shard that
// it shares with few, a reader sums them. Called by Metrics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace millrace::serve {

inline constexpr size_t kShards = 8;

// Which shard this thread adds to.
inline size_t ShardOfThread() {
  static std::atomic<size_t> threads{0};
  thread_local const size_t shard = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shard;
}

// N counts that begin at 0. Safe from every thread; a sum may miss what is added meanwhile.
template <size_t N>
class Counts {
 public:
  // The calling thread's place: where one caller adds to several counts.
  class Place {
   public:
    void Add(size_t which, int64_t count) {
      (*cells_)[which].fetch_add(count, std::memory_order_relaxed);
    }

   private:
    friend class Counts;
    explicit Place(std::array<std::atomic<int64_t>, N>* cells) : cells_(cells) {}
    std::array<std::atomic<int64_t>, N>* cells_;
  };

  Place Here() { return Place(&shards_[ShardOfThread()].cells); }
  void Add(size_t which, int64_t count) { Here().Add(which, count); }

  int64_t Sum(size_t which) const {
    int64_t sum = 0;
    for (const Shard& shard : shards_) sum += shard.cells[which].load(std::memory_order_relaxed);
    return sum;
  }

 private:
  // A cache line or more each, so that threads do not take lines from one another.
  struct alignas(64) Shard {
    std::array<std::atomic<int64_t>, N> cells{};
  };
  std::array<Shard, kShards> shards_;
};

}  // namespace millrace::serve
