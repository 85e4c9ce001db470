// Round: a number to decimal digits, half to even of its exact decimal expansion, as Python's
// round().
#pragma once

#include <cstdint>

namespace millrace::expr {

// digits < 0 rounds to tens, hundreds, …; a result beyond float64 is infinite.
double RoundFloat(double value, int64_t digits);
// digits >= 0 changes nothing. False when the result is beyond int64.
bool RoundInt(int64_t value, int64_t digits, int64_t* out);

}  // namespace millrace::expr
