#include "jobs/push/push_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace millrace::jobs {
namespace {

using testing::ElementsAre;

// Calls are started one behind the other while the first is written; how they were taken.
class PushQueueTest : public testing::Test {
 protected:
  std::vector<std::vector<int64_t>> Taken(PushQueue* queue, std::vector<PushQueue::Call> calls) {
    std::vector<std::vector<int64_t>> taken;
    std::atomic<bool> writing = false;
    std::atomic<bool> go = false;
    PushQueue::Call first{.rows = 0};
    const auto write = [&](std::span<PushQueue::Call* const> group) {
      std::vector<int64_t>& rows = taken.emplace_back();
      for (const PushQueue::Call* call : group) rows.push_back(call->rows);
      if (group.front() != &first) return;
      writing = true;
      while (!go) std::this_thread::yield();
    };
    std::vector<std::thread> threads;
    threads.emplace_back([&] { queue->Run(&first, write); });
    while (!writing) std::this_thread::yield();
    for (PushQueue::Call& call : calls) {
      const size_t before = queue->waiting();
      threads.emplace_back([&] { queue->Run(&call, write); });
      while (queue->waiting() == before) std::this_thread::yield();
    }
    go = true;
    for (std::thread& thread : threads) thread.join();
    taken.erase(taken.begin());
    return taken;
  }
};

TEST_F(PushQueueTest, WhatWaitsIsTakenTogether) {
  PushQueue queue(100);
  EXPECT_THAT(Taken(&queue, {{.rows = 1}, {.rows = 2}, {.rows = 3}}),
              ElementsAre(ElementsAre(1, 2, 3)));
}

TEST_F(PushQueueTest, AtMostSoManyRowsOrOneCall) {
  PushQueue queue(100);
  EXPECT_THAT(Taken(&queue, {{.rows = 60}, {.rows = 40}, {.rows = 1}, {.rows = 500}, {.rows = 0}}),
              ElementsAre(ElementsAre(60, 40), ElementsAre(1), ElementsAre(500), ElementsAre(0)));
}

TEST_F(PushQueueTest, WhoIsAloneComesInTurn) {
  PushQueue queue(100);
  EXPECT_THAT(Taken(&queue, {{.rows = 1}, {.rows = 7, .alone = true}, {.rows = 2}, {.rows = 3}}),
              ElementsAre(ElementsAre(1), ElementsAre(7), ElementsAre(2, 3)));
}

TEST_F(PushQueueTest, EveryCallIsWrittenOnce) {
  constexpr int kThreads = 8;
  constexpr int kCalls = 500;
  PushQueue queue(3);
  int64_t written = 0;  // of one thread at a time
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < kCalls; ++call) {
        PushQueue::Call one{.rows = 1, .alone = call % 50 == 0};
        queue.Run(&one, [&](std::span<PushQueue::Call* const> group) {
          for (const PushQueue::Call* taken : group) written += taken->rows;
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(written, kThreads * kCalls);
}

}  // namespace
}  // namespace millrace::jobs
