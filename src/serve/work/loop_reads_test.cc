#include "serve/work/loop_reads.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "serve/work/read_queue_testing.h"

namespace millrace::serve {
namespace {

using namespace std::chrono_literals;
using Loop = boost::asio::io_context;

// Answers nothing, and says when it ends.
class SilentReader final : public kv::AsyncReader {
 public:
  ~SilentReader() override {
    for (Then& then : waiting_) then(base::Error(base::codes::kStoreUnavailable, "closed"));
  }
  void GetMany(std::span<const std::string_view>, Then then) override {
    waiting_.push_back(std::move(then));
  }

 private:
  std::vector<Then> waiting_;
};

// Answers reads at once, or leaves them, or asks the store.
class LaterReads final : public TestReads {
 public:
  enum class Way { kAnswers, kLeaves, kAsks };

  void Read(std::span<jobs::ReadTogether> reads) override { Answer(reads, 2); }
  void ReadLater(kv::AsyncReader* reader, std::vector<jobs::ReadTogether> reads,
                 Then then) override {
    together.push_back(reads.size());
    if (way == Way::kAsks) {
      return reader->GetMany({}, [reads = std::move(reads), then = std::move(then)](
                                     const base::Result<kv::Found>& found) mutable {
        for (jobs::ReadTogether& read : reads) read.answer = found.status();
        then(std::move(reads));
      });
    }
    for (jobs::ReadTogether& read : reads) read.is_left = way == Way::kLeaves;
    if (way == Way::kAnswers) Answer(reads, 1);
    then(std::move(reads));
  }

  Way way = Way::kAnswers;
  std::vector<size_t> together;

 private:
  static void Answer(std::span<jobs::ReadTogether> reads, int64_t rows) {
    online::Answer answer;
    answer.rows = rows;
    for (jobs::ReadTogether& read : reads) read.answer = answer;
  }
};

class LoopReadsTest : public testing::Test {
 protected:
  std::future<base::Result<online::Answer>> Add() {
    auto read = std::make_shared<TestRead>();
    EXPECT_TRUE(queue_.Admit(read));
    auto answer = read->answer();
    later_->Add(std::move(read));
    return answer;
  }

  LaterReads reads_;
  ReadQueue queue_{&reads_, {.threads = 1, .reads_max = 10, .deadline = 100ms}};
  EventLoop loop_ = MakeEventLoops(1)[0];
  std::unique_ptr<LoopReads> later_ =
      std::make_unique<LoopReads>(&reads_, &queue_, loop_, std::make_unique<SilentReader>());
};

TEST_F(LoopReadsTest, WhatArrivesTogetherIsReadTogether) {
  std::vector<std::future<base::Result<online::Answer>>> answers;
  for (int i = 0; i < 3; ++i) answers.push_back(Add());
  EXPECT_TRUE(reads_.together.empty());
  loop_->poll();
  for (auto& answer : answers) EXPECT_EQ(answer.get()->rows, 1);
  EXPECT_EQ(queue_.unfinished(), 0);
  auto other = Add();
  loop_->restart();
  loop_->poll();
  EXPECT_EQ(other.get()->rows, 1);
  EXPECT_EQ(reads_.together, (std::vector<size_t>{3, 1}));
}

TEST_F(LoopReadsTest, WhatIsLeftIsReadByTheQueue) {
  reads_.way = LaterReads::Way::kLeaves;
  auto answer = Add();
  loop_->poll();
  EXPECT_EQ(answer.get()->rows, 2);
}

TEST_F(LoopReadsTest, WhatTheStoreDoesNotAnswerIsOverInTime) {
  reads_.way = LaterReads::Way::kAsks;
  auto answer = Add();
  loop_->poll();
  const auto status = answer.get().status();
  EXPECT_EQ(base::ProblemsOf(status)[0].code, base::codes::kDeadline);
  later_.reset();  // what the store says now is nobody's
  EXPECT_EQ(queue_.unfinished(), 0);
}

TEST_F(LoopReadsTest, ItsEndIsSaidToWhoWaits) {
  reads_.way = LaterReads::Way::kAsks;
  auto asked = Add();
  loop_->poll();
  auto arrived = Add();
  later_.reset();
  EXPECT_EQ(base::ProblemsOf(asked.get().status())[0].code, base::codes::kStoreUnavailable);
  EXPECT_EQ(arrived.get()->rows, 2);
}

}  // namespace
}  // namespace millrace::serve
