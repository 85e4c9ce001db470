#include "jobs/push/push_queue.h"

namespace millrace::jobs {

void PushQueue::Run(Call* call, const Write& write) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(call);
  changed_.wait(lock, [&] { return call->done || (!writing_ && waiting_.front() == call); });
  if (call->done) return;
  writing_ = true;
  const std::vector<Call*> calls = Take();
  lock.unlock();
  write(calls);
  lock.lock();
  for (Call* taken : calls) taken->done = true;
  writing_ = false;
  lock.unlock();
  changed_.notify_all();
}

size_t PushQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::vector<PushQueue::Call*> PushQueue::Take() {
  std::vector<Call*> calls;
  int64_t rows = 0;
  do {
    Call* const next = waiting_.front();
    if (!calls.empty() && (next->alone || rows + next->rows > rows_max_)) break;
    waiting_.pop_front();
    calls.push_back(next);
    rows += next->rows;
  } while (!calls.front()->alone && !waiting_.empty());
  return calls;
}

}  // namespace millrace::jobs
