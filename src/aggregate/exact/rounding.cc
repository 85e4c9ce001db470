// Rounding to float64. A quotient needs one step of long division (Knuth, TAOCP 4.3.1, algorithm
// D): its first 64 bits and whether anything is left decide the rounded value.
#include "aggregate/exact/rounding.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace millrace::aggregate::exact {
namespace {

using uint128_t = unsigned __int128;

// magnitude * 2^bits as exactly `size` limbs.  REQUIRES: bits >= 0, and it fits.
Limbs Aligned(const Limbs& magnitude, int64_t bits, size_t size) {
  Limbs aligned(size, 0);
  const size_t whole = static_cast<size_t>(bits / 64);
  const int part = static_cast<int>(bits % 64);
  for (size_t i = 0; i < magnitude.size(); ++i) {
    const uint128_t wide = static_cast<uint128_t>(magnitude[i]) << part;
    aligned[whole + i] |= static_cast<uint64_t>(wide);
    if (whole + i + 1 < size) aligned[whole + i + 1] |= static_cast<uint64_t>(wide >> 64);
  }
  return aligned;
}

// The quotient of `rest` by `divisor`, leaving the remainder in `rest`.
// REQUIRES: rest has one limb more, the divisor's top bit is set, the quotient is below 2^64.
uint64_t DivideOneLimb(const Limbs& divisor, Limbs* rest) {
  const size_t n = divisor.size();
  const uint128_t head = (static_cast<uint128_t>((*rest)[n]) << 64) | (*rest)[n - 1];
  const uint128_t estimate = head / divisor[n - 1];
  uint64_t quotient = estimate > std::numeric_limits<uint64_t>::max()
                          ? std::numeric_limits<uint64_t>::max()
                          : static_cast<uint64_t>(estimate);
  uint128_t product_carry = 0;
  uint64_t borrow = 0;
  for (size_t i = 0; i <= n; ++i) {
    if (i < n) product_carry += static_cast<uint128_t>(quotient) * divisor[i];
    const uint128_t difference =
        static_cast<uint128_t>((*rest)[i]) - static_cast<uint64_t>(product_carry) - borrow;
    (*rest)[i] = static_cast<uint64_t>(difference);
    borrow = (difference >> 64) != 0 ? 1 : 0;
    product_carry >>= 64;
  }
  while (borrow != 0) {  // the estimate is at most two too large
    --quotient;
    uint64_t carry = 0;
    for (size_t i = 0; i <= n; ++i) {
      const uint128_t sum = static_cast<uint128_t>((*rest)[i]) + (i < n ? divisor[i] : 0) + carry;
      (*rest)[i] = static_cast<uint64_t>(sum);
      carry = static_cast<uint64_t>(sum >> 64);
    }
    borrow -= carry;
  }
  return quotient;
}

}  // namespace

double RoundTop(uint64_t top, bool sticky, int64_t exponent, bool negative) {
  const int64_t top_exponent = exponent + 63;
  const uint64_t sign = negative ? uint64_t{1} << 63 : 0;
  constexpr uint64_t kInfinity = uint64_t{0x7ff} << 52;
  if (top_exponent > 1023) return std::bit_cast<double>(sign | kInfinity);
  const bool subnormal = top_exponent < -1022;
  const int64_t drop = subnormal ? 11 + (-1022 - top_exponent) : 11;
  if (drop > 64) return 0.0;
  const uint64_t kept = drop == 64 ? 0 : top >> drop;
  const uint64_t rest = drop == 64 ? top : top & ((uint64_t{1} << drop) - 1);
  const uint64_t half = uint64_t{1} << (drop - 1);
  const bool up = rest > half || (rest == half && (sticky || (kept & 1) != 0));
  // Adding the mantissa to the exponent field lets a carry move into the next binade or to
  // infinity.
  const uint64_t biased = subnormal ? 0 : static_cast<uint64_t>(top_exponent + 1022) << 52;
  const uint64_t bits = biased + kept + (up ? 1 : 0);
  return bits == 0 ? 0.0 : std::bit_cast<double>(sign | bits);
}

double Round(const Dyadic& number) {
  if (number.is_zero()) return 0.0;
  const Limbs& limbs = number.magnitude();
  const size_t n = limbs.size();
  const int shift = std::countl_zero(limbs[n - 1]);
  const uint64_t below = n > 1 ? limbs[n - 2] : 0;
  uint64_t top = limbs[n - 1] << shift;
  if (shift > 0) top |= below >> (64 - shift);
  const bool sticky = (shift > 0 ? (below << shift) != 0 : below != 0) || n > 2;
  const int64_t exponent = number.exponent() + (static_cast<int64_t>(n) - 1) * 64 - shift;
  return RoundTop(top, sticky, exponent, number.negative());
}

double RoundRatio(const Dyadic& numerator, const Dyadic& denominator) {
  if (numerator.is_zero()) return 0.0;
  const size_t n = denominator.magnitude().size();
  const int up = std::countl_zero(denominator.magnitude().back());
  // Both are raised by whole limbs until the divisor is at least as long as the numerator.
  const int64_t numerator_bits = numerator.BitLength();
  const int64_t divisor_bits =
      std::max(static_cast<int64_t>(n) * 64, (numerator_bits + 63) / 64 * 64);
  const size_t size = static_cast<size_t>(divisor_bits / 64);
  const int64_t divisor_shift = up + (static_cast<int64_t>(size - n)) * 64;
  const Limbs divisor = Aligned(denominator.magnitude(), divisor_shift, size);
  // Numerator in [2^(b + 63), 2^(b + 64)) / divisor in [2^(b - 1), 2^b): the quotient lies in
  // (2^63, 2^65); one bit less when it does not fit 64 bits.
  int64_t shift = divisor_bits + 64 - numerator_bits;
  Limbs rest = Aligned(numerator.magnitude(), shift, size + 1);
  bool fits = true;
  for (size_t i = size; i-- > 0;) {
    if (rest[i + 1] != divisor[i]) {
      fits = rest[i + 1] < divisor[i];
      break;
    }
    if (i == 0) fits = false;
  }
  if (!fits) rest = Aligned(numerator.magnitude(), --shift, size + 1);
  const uint64_t quotient = DivideOneLimb(divisor, &rest);
  bool sticky = false;
  for (const uint64_t limb : rest) sticky = sticky || limb != 0;
  const int64_t exponent = numerator.exponent() - shift - (denominator.exponent() - divisor_shift);
  return RoundTop(quotient, sticky, exponent, numerator.negative());
}

}  // namespace millrace::aggregate::exact
