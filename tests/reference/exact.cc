// The rounding follows IEEE 754-2019, 4.3.1, by hand: find the exponent, keep 53 bits (fewer below
// the normal range), look at the remainder.
#include "reference/exact.h"

#include <cmath>
#include <limits>

#include "base/check.h"

namespace millrace::reference {

namespace mp = boost::multiprecision;

Int Scaled(double x) {
  MILLRACE_CHECK(std::isfinite(x));
  int exponent = 0;
  double fraction = std::frexp(x, &exponent);  // x = fraction * 2^exponent, |fraction| in [0.5, 1)
  auto mantissa = static_cast<int64_t>(std::ldexp(fraction, 53));  // exact
  int shift = exponent - 53 + kScaleBits;
  Int scaled = mantissa;
  if (shift >= 0) return scaled << shift;
  // A subnormal: the bits below its last are zero, so the division is exact.
  return scaled / (Int(1) << -shift);
}

double RoundQuotient(const Int& numerator, const Int& denominator) {
  MILLRACE_CHECK(denominator > 0);
  if (numerator == 0) return 0.0;
  const bool negative = numerator < 0;
  Int a = mp::abs(numerator);
  // 2^exponent <= a / denominator < 2^(exponent + 1)
  int64_t exponent = static_cast<int64_t>(mp::msb(a)) - static_cast<int64_t>(mp::msb(denominator));
  const bool below = exponent >= 0 ? a < (denominator << static_cast<unsigned>(exponent))
                                   : (a << static_cast<unsigned>(-exponent)) < denominator;
  if (below) --exponent;
  if (exponent > 1024) exponent = 1024;  // an infinity in any case; keeps the shifts small
  const int64_t last = std::max<int64_t>(exponent - 52, -kScaleBits);  // the last bit that is kept
  Int unit = denominator;
  if (last >= 0) {
    unit <<= static_cast<unsigned>(last);
  } else {
    a <<= static_cast<unsigned>(-last);
  }
  Int quotient = a / unit;
  Int twice = (a - quotient * unit) * 2;
  if (twice > unit || (twice == unit && mp::bit_test(quotient, 0))) ++quotient;
  double magnitude = 0;
  if (mp::msb(quotient + 1) > 60) {
    magnitude = std::numeric_limits<double>::infinity();
  } else {
    magnitude =
        std::ldexp(static_cast<double>(static_cast<uint64_t>(quotient)), static_cast<int>(last));
  }
  if (magnitude == 0) return 0.0;
  return negative ? -magnitude : magnitude;
}

void ExactSum::Add(double x, int64_t shift) {
  if (std::isnan(x)) {
    nan_ = true;
  } else if (std::isinf(x)) {
    (x > 0 ? positive_infinity_ : negative_infinity_) = true;
  } else {
    scaled_ += Scaled(x) << static_cast<unsigned>(shift);
  }
}

double ExactSum::Round(int64_t shift) const {
  if (nan_ || (positive_infinity_ && negative_infinity_)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (positive_infinity_) return std::numeric_limits<double>::infinity();
  if (negative_infinity_) return -std::numeric_limits<double>::infinity();
  return RoundQuotient(scaled_, Int(1) << static_cast<unsigned>(kScaleBits + shift));
}

}  // namespace millrace::reference
