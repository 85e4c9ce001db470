// Exact numbers for the reference engine: doubles as big integers over a power of two, and the one
// correct rounding of a quotient back to a double. Nothing here is shared with src/aggregate.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>

namespace millrace::reference {

using Int = boost::multiprecision::cpp_int;

// Every finite double is a whole multiple of 2^-1074.
inline constexpr int kScaleBits = 1074;

// x * 2^1074.  REQUIRES: x is finite.
Int Scaled(double x);

// numerator / denominator, rounded once to the nearest double, ties to even; beyond the largest
// double an infinity; a zero is +0.0.  REQUIRES: denominator > 0.
double RoundQuotient(const Int& numerator, const Int& denominator);

// A sum of doubles without any rounding before the end.
class ExactSum {
 public:
  // Adds x * 2^shift.  REQUIRES: shift >= 0.
  void Add(double x, int64_t shift = 0);
  // The sum times 2^-shift, rounded once: NaN for any NaN or both infinities.
  double Round(int64_t shift = 0) const;

 private:
  Int scaled_;
  bool nan_ = false;
  bool positive_infinity_ = false;
  bool negative_infinity_ = false;
};

}  // namespace millrace::reference
