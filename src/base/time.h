// EventTime and Duration: microseconds since the epoch (UTC) and between instants, as types, with
// their text forms. Arithmetic saturates at int64's ends, so a window far in the past is just wide.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::base {

class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration Micros(int64_t micros) { return Duration(micros); }
  static constexpr Duration Seconds(int64_t seconds) { return Duration(seconds * 1'000'000); }
  static constexpr Duration Days(int64_t days) { return Seconds(days * 86'400); }
  constexpr int64_t micros() const { return micros_; }
  friend constexpr auto operator<=>(Duration, Duration) = default;

 private:
  explicit constexpr Duration(int64_t micros) : micros_(micros) {}
  int64_t micros_ = 0;
};

class EventTime {
 public:
  constexpr EventTime() = default;
  static constexpr EventTime Micros(int64_t micros) { return EventTime(micros); }
  static constexpr EventTime Min() { return EventTime(std::numeric_limits<int64_t>::min()); }
  static constexpr EventTime Max() { return EventTime(std::numeric_limits<int64_t>::max()); }
  constexpr int64_t micros() const { return micros_; }
  friend constexpr auto operator<=>(EventTime, EventTime) = default;

 private:
  explicit constexpr EventTime(int64_t micros) : micros_(micros) {}
  int64_t micros_ = 0;
};

constexpr int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}
constexpr int64_t SaturatingSubtract(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b < 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}
constexpr EventTime operator+(EventTime t, Duration d) {
  return EventTime::Micros(SaturatingAdd(t.micros(), d.micros()));
}
constexpr EventTime operator-(EventTime t, Duration d) {
  return EventTime::Micros(SaturatingSubtract(t.micros(), d.micros()));
}
constexpr Duration operator-(EventTime a, EventTime b) {
  return Duration::Micros(SaturatingSubtract(a.micros(), b.micros()));
}
constexpr int64_t FloorDiv(int64_t a, int64_t b) {
  return a / b - ((a % b != 0) && ((a < 0) != (b < 0)));
}
constexpr int64_t FloorMod(int64_t a, int64_t b) {
  int64_t r = a % b;
  return (r != 0 && ((r < 0) != (b < 0))) ? r + b : r;
}

// ISO-8601: "2025-01-31", "2025-01-31T10:30", "2025-01-31 10:30:00.123456Z", "…+02:00". Without a
// zone it is UTC; digits past microseconds are floored. Error: bad_value, naming the text.
Result<EventTime> ParseTime(std::string_view text);
// RFC 3339 with Z, as many fractional digits as needed (0, 3 or 6): "2025-01-31T10:30:00Z".
std::string FormatTime(EventTime time);
void AppendTime(EventTime time, std::string* out);
// A day since the epoch as its date: "2025-01-31".
void AppendDate(int64_t days, std::string* out);

// "10s", "5m", "1h", "7d", "4w": a positive whole number and one unit. Error: bad_value.
Result<Duration> ParseDuration(std::string_view text);
// The largest unit that divides it: "7d" for 604800 s, "90m", "1500000us" below a second.
std::string FormatDuration(Duration duration);

}  // namespace millrace::base
