// PushQueue: writers of one thing that wait for each other. Whoever is first when nobody writes
// writes for all that wait behind it: one write and one commit for many calls. Called by
// pushed_source.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

namespace millrace::jobs {

// In the order in which they came. Safe from every thread.
class PushQueue {
 public:
  // One that waits. Who waits derives from it what there is to be written.
  struct Call {
    int64_t rows = 0;
    bool alone = false;  // taken with no other
    bool done = false;   // the queue's own
  };
  // Calls that are taken together have at most `rows_max` rows, or are one.
  explicit PushQueue(int64_t rows_max) : rows_max_(rows_max) {}

  // Returns when `call` was given to `write`, by this thread or that of a call before it. One
  // `write` runs at a time; it is given the oldest calls, their own thread's first, and may change
  // them. REQUIRES: all callers' `write` do the same, but for calls that are taken alone.
  using Write = std::function<void(std::span<Call* const> calls)>;
  void Run(Call* call, const Write& write);

  // Calls that nobody writes yet.
  size_t waiting() const;

 private:
  std::vector<Call*> Take();

  const int64_t rows_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Call*> waiting_;
  bool writing_ = false;
};

}  // namespace millrace::jobs
