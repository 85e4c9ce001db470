// Weekdays, and how long a second and a day are. The calendar itself is in base/civil.h, the text
// of dates and instants in base/time.h.
#pragma once

#include <cstdint>

namespace millrace::expr {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

int64_t WeekdayOf(int64_t days);  // Monday 1 … Sunday 7

}  // namespace millrace::expr
