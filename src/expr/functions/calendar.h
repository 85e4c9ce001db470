// Weekdays, and the text of dates and instants without allocating. The calendar itself is in
// base/civil.h.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::expr {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

int64_t WeekdayOf(int64_t days);  // Monday 1 … Sunday 7

// As base::FormatTime writes them: "2025-01-31", "2025-01-31T10:30:00Z".
void AppendDate(int64_t days, std::string* out);
void AppendTimestamp(int64_t micros, std::string* out);

}  // namespace millrace::expr
