#include "serve/work/read_queue.h"

#include <gtest/gtest.h>

#include <future>

#include "serve/work/read_queue_testing.h"
#include "serve/work/work_queue.h"

namespace millrace::serve {
namespace {

using namespace std::chrono_literals;

// Reads that take until they are let go; remembers how many came together.
class SlowReads final : public TestReads {
 public:
  void Read(std::span<jobs::ReadTogether> reads) override {
    {
      const std::lock_guard lock(mutex_);
      together_.push_back(reads.size());
    }
    gate_.wait();
    online::Answer answer;
    answer.rows = 7;
    for (jobs::ReadTogether& read : reads) read.answer = answer;
  }

  void LetGo() { go_.set_value(); }
  std::vector<size_t> together() {
    const std::lock_guard lock(mutex_);
    return together_;
  }

 private:
  std::promise<void> go_;
  std::shared_future<void> gate_{go_.get_future()};
  std::mutex mutex_;
  std::vector<size_t> together_;
};

TEST(ReadQueueTest, WhatWaitsIsReadTogether) {
  SlowReads reads;
  std::vector<std::future<base::Result<online::Answer>>> answers;
  {
    ReadQueue queue(&reads, {.threads = 1, .reads_max = 10, .deadline = 10s});
    const auto add = [&] {
      auto read = std::make_shared<TestRead>();
      answers.push_back(read->answer());
      EXPECT_TRUE(queue.Admit(read));
      queue.Add(read);
    };
    add();
    while (reads.together().empty()) std::this_thread::yield();
    for (int i = 0; i < 4; ++i) add();
    reads.LetGo();
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get()->rows, 7);
  EXPECT_EQ(reads.together(), (std::vector<size_t>{1, 4}));
}

TEST(ReadQueueTest, WhatTakesTooLongIsAnsweredOnce) {
  SlowReads reads;
  ReadQueue queue(&reads, {.threads = 1, .reads_max = 10, .deadline = 50ms});
  auto read = std::make_shared<TestRead>();
  auto waiting = std::make_shared<TestRead>();
  auto answer = read->answer();
  auto other = waiting->answer();
  for (const auto& one : {read, waiting}) {
    ASSERT_TRUE(queue.Admit(one));
    queue.Add(one);
  }
  for (auto* of : {&answer, &other}) {
    const auto status = of->get().status();
    EXPECT_EQ(base::ProblemsOf(status)[0].code, base::codes::kDeadline) << status.ToString();
  }
  EXPECT_EQ(queue.unfinished(), 0);
  reads.LetGo();  // the answer that comes now is nobody's
}

TEST(ReadQueueTest, IsBounded) {
  SlowReads reads;
  ReadQueue queue(&reads, {.threads = 1, .reads_max = 2, .deadline = 10s});
  for (int i = 0; i < 2; ++i) {
    auto read = std::make_shared<TestRead>();
    EXPECT_TRUE(queue.Admit(read));
    queue.Add(read);
  }
  EXPECT_FALSE(queue.Admit(std::make_shared<TestRead>()));
  reads.LetGo();
  while (queue.unfinished() > 0) std::this_thread::yield();
  EXPECT_TRUE(queue.Admit(std::make_shared<TestRead>()));
}

TEST(WorkQueueTest, IsBoundedAndDoesWhatWaits) {
  std::promise<void> go;
  std::atomic<int> done = 0;
  {
    WorkQueue queue(1, 2);
    EXPECT_TRUE(queue.Add([&, gate = go.get_future().share()] {
      gate.wait();
      ++done;
    }));
    EXPECT_TRUE(queue.Add([&] { ++done; }));
    EXPECT_FALSE(queue.Add([&] { ++done; }));
    EXPECT_EQ(queue.unfinished(), 2);
    go.set_value();
  }
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace millrace::serve
