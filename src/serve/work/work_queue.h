// WorkQueue: work that may wait, for a disk or for each other, on threads of its own: pushes,
// writes and runs of materialize. Bounded: what has no place is refused.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace millrace::serve {

// Safe from every thread.
class WorkQueue {
 public:
  WorkQueue(int threads, int64_t works_max);
  // Does what waits.
  ~WorkQueue();

  // False: there is no place for it.
  bool Add(std::function<void()> work);
  int64_t unfinished() const;

 private:
  void Run();

  const int64_t works_max_;
  mutable std::mutex mutex_;
  std::condition_variable added_;
  bool stopping_ = false;
  int64_t running_ = 0;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
};

}  // namespace millrace::serve
