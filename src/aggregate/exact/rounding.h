// Rounding of exact numbers and of quotients of them to float64, once, to nearest even, subnormals
// and overflow included. The one place of aggregate that rounds.
#pragma once

#include <cstdint>

#include "aggregate/exact/dyadic.h"

namespace millrace::aggregate::exact {

// (top + tail) * 2^exponent rounded, where 0 <= tail < 1 and `sticky` says whether tail > 0. A zero
// result is +0.0.  REQUIRES: the top bit of `top` is set.
double RoundTop(uint64_t top, bool sticky, int64_t exponent, bool negative);

double Round(const Dyadic& number);
// REQUIRES: denominator > 0.
double RoundRatio(const Dyadic& numerator, const Dyadic& denominator);

}  // namespace millrace::aggregate::exact
