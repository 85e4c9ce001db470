#include "base/civil.h"

#include "base/time.h"

namespace millrace::base {

CivilDay CivilFromDays(int64_t days) {
  const int64_t shifted = days + 719'468;  // from 0000-03-01, so that leap days end a year
  const int64_t era = FloorDiv(shifted, 146'097);
  const int64_t day_of_era = FloorMod(shifted, 146'097);
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
  const bool after_new_year = month >= 10;
  return {year_of_era + era * 400 + (after_new_year ? 1 : 0),
          static_cast<int>(after_new_year ? month - 9 : month + 3), static_cast<int>(day)};
}

int64_t DaysFromCivil(const CivilDay& civil) {
  const int64_t year = civil.year - (civil.month <= 2 ? 1 : 0);
  const int64_t era = FloorDiv(year, 400);
  const int64_t year_of_era = FloorMod(year, 400);
  const int64_t month = civil.month > 2 ? civil.month - 3 : civil.month + 9;
  const int64_t day_of_year = (153 * month + 2) / 5 + civil.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

}  // namespace millrace::base
