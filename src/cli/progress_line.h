// ProgressLine: progress as one line on a terminal, drawn over itself: stage, percent, rate and
// time left. Made by the commands that take long; without a terminal there is nothing to see.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/progress.h"
#include "cli/terminal.h"

namespace millrace::cli {

// Draws when it is told something, at most five times a second, and nothing in the second after the
// first stage began. Between stages and after the last, the line is empty again.
class ProgressLine : public base::Progress {
 public:
  // The stream and the clock (cli/steady_clock.h) must outlive it.
  ProgressLine(std::ostream* err, const base::Clock* clock);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() override;

  void Begin(std::string_view stage, int64_t total, std::string_view unit) override;
  void Advance(int64_t n) override;
  void End() override;

 private:
  void DrawIfDue();
  std::string Text(base::EventTime now) const;  // of the stage as it stands
  void Clear();

  std::ostream* const err_;
  const base::Clock* const clock_;
  std::atomic<int64_t> done_ = 0;
  std::atomic<int64_t> due_micros_;  // of the clock: nothing is drawn before

  std::mutex mutex_;  // for all below
  bool first_begun_ = false;
  std::string stage_;
  std::string unit_;
  int64_t total_ = 0;
  base::EventTime begun_;
  size_t shown_columns_ = 0;
};

// A ProgressLine on `err` when that is a terminal, else NoProgress.
std::unique_ptr<base::Progress> ProgressFor(const Terminal& terminal, const base::Clock* steady);

}  // namespace millrace::cli
