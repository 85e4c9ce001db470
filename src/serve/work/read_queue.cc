#include "serve/work/read_queue.h"

#include <algorithm>
#include <utility>

namespace millrace::serve {

namespace {

constexpr size_t kTogetherMax = 64;
constexpr std::chrono::milliseconds kWatchPause{20};

}  // namespace

ReadQueue::ReadQueue(jobs::OnlineReads* reads, const ReadQueueOptions& options)
    : reads_(reads), options_(options) {
  for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { Work(); });
  threads_.emplace_back([this] { Watch(); });
}

ReadQueue::~ReadQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  added_.notify_all();
  stopped_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ReadQueue::Admit(std::shared_ptr<QueuedRead> read) {
  read->deadline_ = std::chrono::steady_clock::now() + options_.deadline;
  const std::lock_guard lock(mutex_);
  if (stopping_ || unfinished_ >= options_.reads_max) return false;
  ++unfinished_;
  while (!watched_.empty() && watched_.front()->is_finished_) watched_.pop_front();
  watched_.push_back(std::move(read));
  return true;
}

void ReadQueue::Add(std::shared_ptr<QueuedRead> read) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(read));
  }
  added_.notify_one();
}

void ReadQueue::Finish(QueuedRead* read, std::shared_ptr<const jobs::PreparedRead> by,
                       base::Result<online::Answer> answer) {
  if (read->is_finished_.exchange(true)) return;
  --unfinished_;
  read->Finish(std::move(by), std::move(answer));
}

void ReadQueue::Work() {
  std::vector<std::shared_ptr<QueuedRead>> taken;
  std::vector<jobs::ReadTogether> together;
  while (true) {
    taken.clear();
    {
      std::unique_lock lock(mutex_);
      added_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      while (!waiting_.empty() && taken.size() < kTogetherMax) {
        if (!waiting_.front()->is_finished_) taken.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    together.clear();
    for (const auto& read : taken) together.push_back({read->read(), &read->asked()});
    reads_->Read(together);
    for (size_t i = 0; i < taken.size(); ++i) {
      Finish(taken[i].get(), std::move(together[i].read), std::move(together[i].answer));
    }
  }
}

void ReadQueue::Watch() {
  std::vector<std::shared_ptr<QueuedRead>> late;
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, kWatchPause, [&] { return stopping_; })) {
    const auto now = std::chrono::steady_clock::now();
    while (!watched_.empty() &&
           (watched_.front()->is_finished_ || watched_.front()->deadline_ <= now)) {
      if (!watched_.front()->is_finished_) late.push_back(std::move(watched_.front()));
      watched_.pop_front();
    }
    if (late.empty()) continue;
    lock.unlock();
    for (const auto& read : late) {
      Finish(read.get(), read->read(),
             base::Error(base::codes::kDeadline, "the online store did not answer in time"));
    }
    late.clear();
    lock.lock();
  }
}

}  // namespace millrace::serve
