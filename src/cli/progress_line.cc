#include "cli/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace millrace::cli {

using base::Duration;
using base::EventTime;

namespace {

constexpr Duration kQuiet = Duration::Seconds(1);
constexpr Duration kBetween = Duration::Micros(200'000);
// A rate of less than this says nothing yet.
constexpr Duration kRateAfter = Duration::Seconds(1);

// "950 ", "3.1 M", "312 k": what stands before a unit.
std::string Count(double count) {
  constexpr const char* kScales[] = {"", "k ", "M ", "G "};
  size_t scale = 0;
  while (count >= 1000 && scale + 1 < std::size(kScales)) {
    count /= 1000;
    ++scale;
  }
  const int digits = scale > 0 && count < 100 ? 1 : 0;
  return fmt::format("{:.{}f} {}", count, digits, kScales[scale]);
}

std::string TimeLeft(double seconds) {
  constexpr double kLongest = 99 * 3600;
  const auto left = static_cast<int64_t>(std::ceil(std::min(seconds, kLongest)));
  if (left < 60) return fmt::format("{} s left", left);
  if (left < 3600) return fmt::format("{} min {} s left", left / 60, left % 60);
  return fmt::format("{} h {} min left", left / 3600, left % 3600 / 60);
}

}  // namespace

ProgressLine::ProgressLine(std::ostream* err, const base::Clock* clock)
    : err_(err), clock_(clock), due_micros_(EventTime::Max().micros()) {}

ProgressLine::~ProgressLine() {
  End();
}

void ProgressLine::Begin(std::string_view stage, int64_t total, std::string_view unit) {
  {
    const std::lock_guard lock(mutex_);
    Clear();
    begun_ = clock_->Now();
    if (!first_begun_) due_micros_ = (begun_ + kQuiet).micros();
    first_begun_ = true;
    stage_ = stage;
    unit_ = unit;
    total_ = total;
    done_ = 0;
  }
  DrawIfDue();
}

void ProgressLine::Advance(int64_t n) {
  done_.fetch_add(n, std::memory_order_relaxed);
  DrawIfDue();
}

void ProgressLine::End() {
  const std::lock_guard lock(mutex_);
  Clear();
  stage_.clear();
}

void ProgressLine::DrawIfDue() {
  const EventTime now = clock_->Now();
  if (now.micros() < due_micros_.load(std::memory_order_relaxed)) return;
  // Who finds it taken need not wait: somebody draws.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock() || now.micros() < due_micros_ || stage_.empty()) return;
  due_micros_ = (now + kBetween).micros();
  const std::string text = Text(now);
  const size_t columns = text.size();
  *err_ << '\r' << text;
  if (columns < shown_columns_) *err_ << std::string(shown_columns_ - columns, ' ');
  err_->flush();
  shown_columns_ = columns;
}

std::string ProgressLine::Text(EventTime now) const {
  const auto done = static_cast<double>(done_.load(std::memory_order_relaxed));
  const auto total = static_cast<double>(total_);
  std::string text = stage_ + ": ";
  if (total_ > 0) {
    text += fmt::format("{:.0f}%", std::floor(100 * std::min(done / total, 1.0)));
  } else {
    text += Count(done) + unit_;
  }
  const Duration taken = now - begun_;
  if (taken < kRateAfter || done <= 0) return text;
  const double rate = done / (static_cast<double>(taken.micros()) / 1e6);
  text += fmt::format(", {}{}/s", Count(rate), unit_);
  if (total_ > 0) text += ", " + TimeLeft(std::max(total - done, 0.0) / rate);
  return text;
}

void ProgressLine::Clear() {
  if (shown_columns_ == 0) return;
  *err_ << '\r' << std::string(shown_columns_, ' ') << '\r';
  err_->flush();
  shown_columns_ = 0;
}

std::unique_ptr<base::Progress> ProgressFor(const Terminal& terminal, const base::Clock* steady) {
  if (!terminal.err_is_terminal) return std::make_unique<base::NoProgress>();
  return std::make_unique<ProgressLine>(terminal.err, steady);
}

}  // namespace millrace::cli
