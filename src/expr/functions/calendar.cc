#include "expr/functions/calendar.h"

#include "base/time.h"

namespace millrace::expr {

using base::FloorMod;

int64_t WeekdayOf(int64_t days) {
  return FloorMod(days + 3, 7) + 1;  // 1970-01-01 was a Thursday
}

}  // namespace millrace::expr
