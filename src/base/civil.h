// CivilDay: the proleptic Gregorian calendar over days since the epoch, without the year limits of
// std::chrono.
#pragma once

#include <cstdint>

namespace millrace::base {

struct CivilDay {
  int64_t year;
  int month;  // 1 to 12
  int day;    // 1 to 31
};

// Howard Hinnant's civil_from_days and days_from_civil. Days: any count of microseconds' days.
CivilDay CivilFromDays(int64_t days);
int64_t DaysFromCivil(const CivilDay& civil);

}  // namespace millrace::base
