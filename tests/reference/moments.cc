// var, stddev, skewness, kurtosis: power sums as big integers, the textbook formulas as one
// rational each, rounded once.
#include <cmath>
#include <limits>

#include "reference/aggregate.h"

namespace millrace::reference {
namespace {

// Sums of the powers of x_i * 2^1074, over integers or finite floats.
struct PowerSums {
  Int n = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0;
  bool finite = true;
};

PowerSums SumsOf(const Question& q) {
  PowerSums sums;
  for (const Row& row : q.rows) {
    sums.n += 1;
    if (row.value.holds_float() && !std::isfinite(row.value.as_float())) {
      sums.finite = false;
      continue;
    }
    Int x = ScaledNumber(row.value);
    Int square = x * x;
    sums.s1 += x;
    sums.s2 += square;
    sums.s3 += square * x;
    sums.s4 += square * square;
  }
  return sums;
}

// n*M2, n^2*M3, n^3*M4: the exact central sums, without their denominators.
Int CentralTwo(const PowerSums& s) {
  return s.n * s.s2 - s.s1 * s.s1;
}
Int CentralThree(const PowerSums& s) {
  return s.n * s.n * s.s3 - 3 * s.n * s.s1 * s.s2 + 2 * s.s1 * s.s1 * s.s1;
}
Int CentralFour(const PowerSums& s) {
  return s.n * s.n * s.n * s.s4 - 4 * s.n * s.n * s.s1 * s.s3 + 6 * s.n * s.s1 * s.s1 * s.s2 -
         3 * s.s1 * s.s1 * s.s1 * s.s1;
}

Value NotANumber() {
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Cell Variance(const Question& q) {
  const std::string& f = q.call.function;
  const bool population = f == "var_pop" || f == "stddev_pop";
  PowerSums s = SumsOf(q);
  if (s.n < (population ? 1 : 2)) return {};
  if (!s.finite) return NotANumber();
  const Int divisor = s.n * (population ? s.n : Int(s.n - 1));
  double variance = RoundQuotient(CentralTwo(s), divisor << (2 * kScaleBits));
  return Value(f == "stddev" || f == "stddev_pop" ? std::sqrt(variance) : variance);
}

Cell Skewness(const Question& q) {
  PowerSums s = SumsOf(q);
  if (s.n < 3) return {};
  if (!s.finite) return NotANumber();
  Int m2 = CentralTwo(s);    // n * M2
  Int m3 = CentralThree(s);  // n^2 * M3
  if (m2 == 0) return {};
  // n^2 (n-1) M3^2 / ((n-2)^2 M2^3), with M3 = m3/n^2 and M2 = m2/n.
  Int numerator = s.n * (s.n - 1) * m3 * m3;
  Int denominator = (s.n - 2) * (s.n - 2) * m2 * m2 * m2;
  double root = std::sqrt(RoundQuotient(numerator, denominator));
  return Value(m3 < 0 ? -root : root);
}

Cell Kurtosis(const Question& q) {
  PowerSums s = SumsOf(q);
  if (s.n < 4) return {};
  if (!s.finite) return NotANumber();
  Int m2 = CentralTwo(s);   // n * M2
  Int m4 = CentralFour(s);  // n^3 * M4
  if (m2 == 0) return {};
  // (n-1)/((n-2)(n-3)) * ((n+1) n M4/M2^2 - 3(n-1)), with n M4/M2^2 = m4/m2^2.
  Int n = s.n;
  Int numerator = (n - 1) * ((n + 1) * m4 - 3 * (n - 1) * m2 * m2);
  Int denominator = (n - 2) * (n - 3) * m2 * m2;
  return Value(RoundQuotient(numerator, denominator));
}

}  // namespace millrace::reference
