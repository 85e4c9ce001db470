// Each thread takes the next task until none is left, so that uneven tasks even out.
#include "offline/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace millrace::offline {

using base::Status;

int ThreadCount(int threads) {
  if (threads > 0) return threads;
  // Those that this process may run on, not those that there are.
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof(cores), &cores) == 0) return std::max(1, CPU_COUNT(&cores));
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

RunTasks OnThreads(int threads) {
  const int64_t count_max = ThreadCount(threads);
  return [count_max](int64_t count, const Task& task) {
    std::atomic<int64_t> next = 0;
    std::mutex mutex;
    int64_t failed_at = count;
    Status failed;
    const auto work = [&] {
      for (int64_t i = next++; i < count; i = next++) {
        const Status status = task(i);
        if (status.ok()) continue;
        next = count;
        const std::lock_guard lock(mutex);
        if (i < failed_at) {
          failed_at = i;
          failed = status;
        }
      }
    };
    std::vector<std::thread> others;
    for (int64_t i = 1; i < std::min(count_max, count); ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    return failed;
  };
}

Status RunInOrder(int64_t count, const Task& task) {
  for (int64_t i = 0; i < count; ++i) ARROW_RETURN_NOT_OK(task(i));
  return Status::OK();
}

}  // namespace millrace::offline
