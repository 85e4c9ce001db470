#include "serve/work/work_queue.h"

#include <utility>

namespace millrace::serve {

WorkQueue::WorkQueue(int threads, int64_t works_max) : works_max_(works_max) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

WorkQueue::~WorkQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  added_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkQueue::Add(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    const int64_t unfinished = running_ + static_cast<int64_t>(waiting_.size());
    if (stopping_ || unfinished >= works_max_) return false;
    waiting_.push_back(std::move(work));
  }
  added_.notify_one();
  return true;
}

int64_t WorkQueue::unfinished() const {
  const std::lock_guard lock(mutex_);
  return running_ + static_cast<int64_t>(waiting_.size());
}

void WorkQueue::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    added_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    work();
    lock.lock();
    --running_;
  }
}

}  // namespace millrace::serve
