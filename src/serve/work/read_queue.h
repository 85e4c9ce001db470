// ReadQueue: reads of a store behind a network: how many there may be at a time, and for how long:
// what takes too long is answered without the store. Workers do those that have to wait for several
// answers of the store; all that are there are read together.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "jobs/reads/online_reads.h"

namespace millrace::serve {

// A read that waits. What else it carries is its caller's, in a subclass.
class QueuedRead {
 public:
  virtual ~QueuedRead() = default;
  virtual std::shared_ptr<const jobs::PreparedRead> read() const = 0;
  virtual const online::Asked& asked() const = 0;
  // Called once, by a thread of the queue: with the answer, or deadline_exceeded, or what stopped
  // the read. `by`: what answered, which may be another version than read().
  virtual void Finish(std::shared_ptr<const jobs::PreparedRead> by,
                      base::Result<online::Answer> answer) = 0;

 private:
  friend class ReadQueue;
  std::atomic<bool> is_finished_ = false;
  std::chrono::steady_clock::time_point deadline_;
};

struct ReadQueueOptions {
  int threads = 2;
  int64_t reads_max = 512;  // that are not finished; one more is refused
  std::chrono::milliseconds deadline{2'000};
};

// Safe from every thread.
class ReadQueue {
 public:
  // REQUIRES: `reads` outlives it.
  ReadQueue(jobs::OnlineReads* reads, const ReadQueueOptions& options);
  // Finishes what waits.
  ~ReadQueue();

  // Its deadline begins; it is to be added then, or finished. False: there is no place for it, and
  // its Finish will not be called.
  bool Admit(std::shared_ptr<QueuedRead> read);
  // To be read by the workers. REQUIRES: it was admitted.
  void Add(std::shared_ptr<QueuedRead> read);
  // Unless it is finished. REQUIRES: it was admitted.
  void Finish(QueuedRead* read, std::shared_ptr<const jobs::PreparedRead> by,
              base::Result<online::Answer> answer);
  int64_t unfinished() const { return unfinished_.load(std::memory_order_relaxed); }

 private:
  void Work();
  void Watch();

  jobs::OnlineReads* const reads_;
  const ReadQueueOptions options_;
  std::mutex mutex_;
  std::condition_variable added_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::deque<std::shared_ptr<QueuedRead>> waiting_;
  std::deque<std::shared_ptr<QueuedRead>> watched_;  // in the order of their deadlines
  std::atomic<int64_t> unfinished_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace millrace::serve
