#include "cli/progress_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace millrace::cli {
namespace {

using base::Duration;
using base::EventTime;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class SetClock : public base::Clock {
 public:
  EventTime Now() const override { return EventTime::Micros(micros_); }
  void Pass(Duration duration) { micros_ += duration.micros(); }

 private:
  std::atomic<int64_t> micros_ = 5'000'000'000;
};

constexpr Duration kSecond = Duration::Seconds(1);
constexpr Duration kTenth = Duration::Micros(100'000);

class ProgressLineTest : public ::testing::Test {
 protected:
  // What was drawn since the last call.
  std::string Drawn() {
    const std::string drawn = err_.str();
    err_.str("");
    return drawn;
  }

  SetClock clock_;
  std::ostringstream err_;
  ProgressLine line_{&err_, &clock_};
};

TEST_F(ProgressLineTest, StagePercentRateAndTimeLeft) {
  line_.Begin("reading events", 31'000'000, "events");
  clock_.Pass(kSecond);
  line_.Advance(3'100'000);
  EXPECT_EQ(Drawn(), "\rreading events: 10%, 3.1 M events/s, 9 s left");
  clock_.Pass(kSecond);
  line_.Advance(27'899'999);
  EXPECT_EQ(Drawn(), "\rreading events: 99%, 15.5 M events/s, 1 s left");
  clock_.Pass(kSecond);
  line_.Advance(1);
  EXPECT_EQ(Drawn(), "\rreading events: 100%, 10.3 M events/s, 0 s left");
}

TEST_F(ProgressLineTest, NothingInTheFirstSecond) {
  line_.Begin("reading", 100, "rows");
  clock_.Pass(Duration::Micros(999'999));
  line_.Advance(50);
  line_.End();
  line_.Begin("writing", 100, "rows");
  line_.End();
  EXPECT_EQ(Drawn(), "");
}

TEST_F(ProgressLineTest, AtMostFiveTimesASecond) {
  line_.Begin("reading", 1'000'000, "rows");
  for (int i = 0; i < 3'000; ++i) {
    clock_.Pass(Duration::Micros(1'000));
    line_.Advance(10);
  }
  const std::string drawn = Drawn();
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), '\r'), 11);
}

TEST_F(ProgressLineTest, AShorterTextCoversTheLongerOne) {
  line_.Begin("reading", 1'000'000, "rows");
  clock_.Pass(kSecond);
  line_.Advance(1);
  EXPECT_EQ(Drawn(), "\rreading: 0%, 1 rows/s, 99 h 0 min left");
  clock_.Pass(kSecond);
  line_.Advance(999'999);
  EXPECT_EQ(Drawn(), "\rreading: 100%, 500 k rows/s, 0 s left ");
}

TEST_F(ProgressLineTest, TheLineIsCleanAtTheEnd) {
  line_.Begin("reading", 10, "rows");
  clock_.Pass(kSecond);
  line_.Advance(5);
  const std::string text = Drawn();
  line_.End();
  EXPECT_EQ(Drawn(), "\r" + std::string(text.size() - 1, ' ') + "\r");
  line_.End();
  line_.Advance(1);
  EXPECT_EQ(Drawn(), "");
}

TEST_F(ProgressLineTest, AStageAfterTheFirstSecondIsShownAtOnceAndRatedLater) {
  line_.Begin("reading", 10, "rows");
  clock_.Pass(kSecond);
  line_.Begin("sorting", 200, "rows");
  EXPECT_EQ(Drawn(), "\rsorting: 0%");
  clock_.Pass(kTenth);
  line_.Advance(100);
  clock_.Pass(kTenth);
  line_.Advance(2);
  EXPECT_EQ(Drawn(), "\rsorting: 51%");
  clock_.Pass(kTenth);
  line_.Begin("writing", 10, "rows");
  EXPECT_EQ(Drawn(), "\r            \r");
}

TEST_F(ProgressLineTest, WithoutATotalTheCountIsShown) {
  line_.Begin("reading", 0, "events");
  clock_.Pass(Duration::Seconds(2));
  line_.Advance(123'456);
  EXPECT_EQ(Drawn(), "\rreading: 123 k events, 61.7 k events/s");
}

TEST_F(ProgressLineTest, LongTimes) {
  line_.Begin("reading", 4'000, "rows");
  clock_.Pass(kSecond);
  line_.Advance(1);
  EXPECT_THAT(Drawn(), EndsWith(", 1 h 6 min left"));
  clock_.Pass(kSecond);
  line_.Advance(39);
  EXPECT_THAT(Drawn(), EndsWith(", 20 rows/s, 3 min 18 s left"));
  clock_.Pass(kSecond);
  line_.Advance(8'000);
  EXPECT_THAT(Drawn(), HasSubstr("100%"));
}

TEST_F(ProgressLineTest, AnyThreadAdvances) {
  line_.Begin("reading", 400'000, "rows");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j) {
        clock_.Pass(Duration::Micros(100));
        line_.Advance(10);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Drawn();
  clock_.Pass(kSecond);
  line_.Advance(0);
  EXPECT_THAT(Drawn(), HasSubstr("\rreading: 100%, 80.0 k rows/s, 0 s left"));
}

TEST(ProgressFor, OnlyATerminalIsDrawnOn) {
  SetClock clock;
  std::ostringstream err;
  Terminal terminal;
  terminal.err = &err;
  for (const bool is_terminal : {false, true}) {
    terminal.err_is_terminal = is_terminal;
    const auto progress = ProgressFor(terminal, &clock);
    progress->Begin("reading", 10, "rows");
    clock.Pass(kSecond);
    progress->Advance(1);
    EXPECT_EQ(err.str().empty(), !is_terminal);
  }
  EXPECT_THAT(err.str(), EndsWith(" \r"));
}

}  // namespace
}  // namespace millrace::cli
