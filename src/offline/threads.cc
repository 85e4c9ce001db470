// Each thread takes the next task until none is left, so that uneven tasks even out.
#include "offline/threads.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace millrace::offline {

sweep::RunTasks OnThreads(int threads) {
  const int64_t cores = std::max(1u, std::thread::hardware_concurrency());
  const int64_t count_max = threads > 0 ? threads : cores;
  return [count_max](int64_t count, const std::function<void(int64_t)>& task) {
    std::atomic<int64_t> next = 0;
    const auto work = [&] {
      for (int64_t i = next++; i < count; i = next++) task(i);
    };
    std::vector<std::thread> others;
    for (int64_t i = 1; i < std::min(count_max, count); ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
  };
}

}  // namespace millrace::offline
