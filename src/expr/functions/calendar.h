// The proleptic Gregorian calendar over days since the epoch, without the year limits of
// std::chrono, and the text of dates and instants without allocating.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::expr {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

struct CivilDay {
  int64_t year;
  int month;  // 1 to 12
  int day;    // 1 to 31
};

// Howard Hinnant's civil_from_days and days_from_civil.
CivilDay CivilFromDays(int64_t days);
int64_t DaysFromCivil(
    const CivilDay& civil);  // day 1 of any month of any year around int64's middle

int64_t WeekdayOf(int64_t days);  // Monday 1 … Sunday 7

// As base::FormatTime writes them: "2025-01-31", "2025-01-31T10:30:00Z".
void AppendDate(int64_t days, std::string* out);
void AppendTimestamp(int64_t micros, std::string* out);

}  // namespace millrace::expr
