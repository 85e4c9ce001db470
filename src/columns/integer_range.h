// IntegerRange: the ends of a kind that is held as int64: narrower integers, and dates, which are
// written in 32 bits.
#pragma once

#include <cstdint>

#include "columns/type.h"

namespace millrace::columns {

struct IntegerRange {
  int64_t min;
  int64_t max;
  bool Contains(int64_t value) const { return min <= value && value <= max; }
};

// int64's own for every other kind.
IntegerRange RangeOf(Kind kind);

}  // namespace millrace::columns
