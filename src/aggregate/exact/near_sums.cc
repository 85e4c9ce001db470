// Reading NearSums: all numbers have at most 256 bits, so that nothing is allocated.
#include "aggregate/exact/near_sums.h"

#include <array>
#include <bit>

#include "aggregate/exact/rounding.h"

namespace millrace::aggregate::exact {
namespace {

// 256 bits.
struct Quad {
  uint128_t low = 0;
  uint128_t high = 0;
};

Quad Shifted(Quad value, int left) {
  if (left >= 128) return {0, value.low << (left - 128)};
  if (left == 0) return value;
  return {value.low << left, value.high << left | value.low >> (128 - left)};
}

int LeadingZeros(uint128_t value) {
  const auto high = static_cast<uint64_t>(value >> 64);
  return high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<uint64_t>(value));
}

// The product fits 256 bits.
Quad Times(const Quad& value, uint64_t factor) {
  const std::array<uint64_t, 4> words = {
      static_cast<uint64_t>(value.low), static_cast<uint64_t>(value.low >> 64),
      static_cast<uint64_t>(value.high), static_cast<uint64_t>(value.high >> 64)};
  const uint128_t p0 = static_cast<uint128_t>(words[0]) * factor;
  const uint128_t p1 = static_cast<uint128_t>(words[1]) * factor + (p0 >> 64);
  const uint128_t p2 = static_cast<uint128_t>(words[2]) * factor + (p1 >> 64);
  const uint128_t p3 = static_cast<uint128_t>(words[3]) * factor + (p2 >> 64);
  return {p1 << 64 | static_cast<uint64_t>(p0), p3 << 64 | static_cast<uint64_t>(p2)};
}

Quad Square(uint128_t value) {
  const auto low = static_cast<uint64_t>(value);
  const auto high = static_cast<uint64_t>(value >> 64);
  const uint128_t cross = static_cast<uint128_t>(low) * high;
  Quad square = {static_cast<uint128_t>(low) * low, static_cast<uint128_t>(high) * high};
  square.high += cross >> 63;
  square.low += cross << 65;
  if (square.low < cross << 65) ++square.high;
  return square;
}

// REQUIRES: it fits 256 bits.
Quad Carried(const std::array<uint128_t, 3>& words) {
  const uint128_t middle = words[1] + (words[0] >> 64);
  return {middle << 64 | static_cast<uint64_t>(words[0]), words[2] + (middle >> 64)};
}

Quad Minus(const Quad& a, const Quad& b) {
  return {a.low - b.low, a.high - b.high - (a.low < b.low ? 1 : 0)};
}

}  // namespace

template <bool kSquares>
double NearSums<kSquares>::RoundSum(int64_t exponent) const {
  if (sum_ == 0) return 0.0;
  const bool negative = sum() < 0;
  uint128_t magnitude = negative ? -sum_ : sum_;
  const int up = LeadingZeros(magnitude);
  magnitude <<= up;
  const bool sticky = static_cast<uint64_t>(magnitude) != 0;
  return RoundTop(static_cast<uint64_t>(magnitude >> 64), sticky, exponent + 64 - up, negative);
}

template <bool kSquares>
double NearSums<kSquares>::RoundSpread(uint64_t n, uint64_t divisor, int64_t exponent) const {
  const uint128_t magnitude = sum() < 0 ? -sum_ : sum_;
  const Quad spread = Minus(Times(Carried(words_), n), Square(magnitude));
  if (spread.high == 0 && spread.low == 0) return 0.0;
  // The top 127 bits over a divisor with its top bit set: the quotient has 63 or 64 bits, of which
  // rounding needs 55, and all that lies below them is in `sticky`.
  const int up = spread.high != 0 ? LeadingZeros(spread.high) : 128 + LeadingZeros(spread.low);
  const Quad raised = Shifted(spread, up);
  const uint128_t top = raised.high >> 1;
  const int divisor_up = std::countl_zero(divisor);
  const uint64_t raised_divisor = divisor << divisor_up;
  const auto quotient = static_cast<uint64_t>(top / raised_divisor);
  const bool sticky = static_cast<uint128_t>(quotient) * raised_divisor != top || raised.low != 0 ||
                      (raised.high & 1) != 0;
  const int quotient_up = std::countl_zero(quotient);
  const int64_t power = 129 - up + divisor_up - quotient_up;
  return RoundTop(quotient << quotient_up, sticky, 2 * exponent + power, false);
}

template <bool kSquares>
Dyadic NearSums<kSquares>::Second(int64_t exponent) const {
  const Quad second = Carried(words_);
  const Limbs limbs = {static_cast<uint64_t>(second.low), static_cast<uint64_t>(second.low >> 64),
                       static_cast<uint64_t>(second.high),
                       static_cast<uint64_t>(second.high >> 64)};
  return Dyadic(limbs, 2 * exponent, false);
}

template class NearSums<false>;
template class NearSums<true>;

}  // namespace millrace::aggregate::exact
