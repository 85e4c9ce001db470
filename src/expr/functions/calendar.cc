#include "expr/functions/calendar.h"

#include <fmt/format.h>

#include <iterator>

#include "base/civil.h"
#include "base/time.h"

namespace millrace::expr {

using base::CivilDay;
using base::CivilFromDays;
using base::FloorDiv;
using base::FloorMod;

int64_t WeekdayOf(int64_t days) {
  return FloorMod(days + 3, 7) + 1;  // 1970-01-01 was a Thursday
}

void AppendDate(int64_t days, std::string* out) {
  const CivilDay civil = CivilFromDays(days);
  fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02}", civil.year, civil.month, civil.day);
}

void AppendTimestamp(int64_t micros, std::string* out) {
  AppendDate(FloorDiv(micros, kMicrosPerDay), out);
  const int64_t clock = FloorMod(micros, kMicrosPerDay);
  const int64_t seconds = clock / kMicrosPerSecond;
  const int64_t fraction = clock % kMicrosPerSecond;
  const auto end = std::back_inserter(*out);
  fmt::format_to(end, "T{:02}:{:02}:{:02}", seconds / 3'600, seconds / 60 % 60, seconds % 60);
  if (fraction % 1'000 != 0) {
    fmt::format_to(end, ".{:06}", fraction);
  } else if (fraction != 0) {
    fmt::format_to(end, ".{:03}", fraction / 1'000);
  }
  *out += 'Z';
}

}  // namespace millrace::expr
