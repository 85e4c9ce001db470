// NearSums: the sums of m and of m^2 over whole numbers m that fit a few words, kept in plain wide
// integers, which are several times as fast as the digits of ChunkSum. What numbers within a
// factor of 2^40 of each other become once their common power of two is taken out. For Slides.
#pragma once

#include <cstdint>

#include "aggregate/exact/dyadic.h"

namespace millrace::aggregate::exact {

using uint128_t = unsigned __int128;

// REQUIRES: |m| < 2^93; what has been added and not subtracted again are less than 2^32 numbers.
// Then |S1| < 2^125, S2 < 2^218, and n*S2 and S1^2 are below 2^250.
template <bool kSquares>
class NearSums {
 public:
  static constexpr int kBits = 93;
  static constexpr uint64_t kTermsMax = uint64_t{1} << 32;

  void Reset() { *this = {}; }
  template <bool kSubtract>
  void Change(uint128_t magnitude, bool negative) {
    const uint128_t sign = negative != kSubtract ? ~uint128_t{0} : 0;
    sum_ += (magnitude ^ sign) - sign;
    if constexpr (kSquares) ChangeSquares<kSubtract>(magnitude);
  }

  // S1 * 2^exponent, rounded once.
  double RoundSum(int64_t exponent) const;
  // (n*S2 - S1^2) / divisor * 2^(2*exponent), rounded once.
  // REQUIRES: kSquares, n is how many numbers there are, zeros included; divisor > 0.
  double RoundSpread(uint64_t n, uint64_t divisor, int64_t exponent) const;

  __int128 sum() const { return static_cast<__int128>(sum_); }
  // S1 * 2^exponent and S2 * 2^(2*exponent).
  Dyadic First(int64_t exponent) const { return Dyadic::FromInt128(sum()).Scaled(exponent); }
  Dyadic Second(int64_t exponent) const;

 private:
  template <bool kSubtract>
  void ChangeSquares(uint128_t magnitude) {
    const auto low = static_cast<uint64_t>(magnitude);
    const auto high = static_cast<uint64_t>(magnitude >> 64);
    // (low + 2^64 high)^2 from its 64-bit words: `first` | middle | above.
    const uint128_t first = static_cast<uint128_t>(low) * low;
    const uint128_t middle = (static_cast<uint128_t>(low) * high << 1) + (first >> 64);
    const uint128_t below = middle << 64 | static_cast<uint64_t>(first);
    const uint128_t above = static_cast<uint128_t>(high) * high + (middle >> 64);
    if constexpr (kSubtract) {
      const uint128_t before = squares_low_;
      squares_low_ -= below;
      squares_high_ -= above + (before < below ? 1 : 0);
    } else {
      squares_low_ += below;
      squares_high_ += above + (squares_low_ < below ? 1 : 0);
    }
  }

  uint128_t sum_ = 0;  // two's complement
  uint128_t squares_low_ = 0;
  uint128_t squares_high_ = 0;
};

}  // namespace millrace::aggregate::exact
