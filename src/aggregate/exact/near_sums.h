// NearSums: the sums of m and of m^2 over whole numbers m that fit a few words, kept in plain wide
// integers, which are several times as fast as the digits of ChunkSum. What numbers within a
// factor of 2^31 of each other become once a power of two is taken out of them. For Slides.
#pragma once

#include <array>
#include <cstdint>

#include "aggregate/exact/dyadic.h"

namespace millrace::aggregate::exact {

using uint128_t = unsigned __int128;

// REQUIRES: less than 2^32 numbers are inside at once. With |m| < 2^85, |S1| < 2^117 and
// S2 < 2^202, and n*S2 and S1^2 are below 2^234.
template <bool kSquares>
class NearSums {
 public:
  static constexpr int kShifts = 32;
  static constexpr uint64_t kTermsMax = uint64_t{1} << 32;

  void Reset() { *this = {}; }
  // Adds or takes away m = +-mantissa * 2^shift.  REQUIRES: shift < kShifts, |m| < 2^85.
  template <bool kSubtract>
  void Change(uint64_t mantissa, unsigned shift, bool negative) {
    const uint128_t sign = negative != kSubtract ? ~uint128_t{0} : 0;
    sum_ += (Raised(mantissa, 0, shift) ^ sign) - sign;
    if constexpr (kSquares) {
      const uint128_t square = static_cast<uint128_t>(mantissa) * mantissa;
      const auto low = static_cast<uint64_t>(square);
      const auto high = static_cast<uint64_t>(square >> 64);
      // The three words of m^2 have sums of their own, so that none waits for another's carry.
      Move<kSubtract>(low << 2 * shift, &words_[0]);
      Move<kSubtract>(static_cast<uint64_t>(Raised(low, high, 2 * shift) >> 64), &words_[1]);
      Move<kSubtract>(static_cast<uint64_t>(Raised(high, 0, 2 * shift) >> 64), &words_[2]);
    }
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
  // The upper word with what a shift below 64 moves into it from the lower, and the lower.
  static uint128_t Raised(uint64_t low, uint64_t high, unsigned shift) {
    return static_cast<uint128_t>(high << shift | low >> 1 >> (63 - shift)) << 64 | low << shift;
  }
  template <bool kSubtract>
  static void Move(uint64_t word, uint128_t* sum) {
    *sum += kSubtract ? -static_cast<uint128_t>(word) : word;
  }

  uint128_t sum_ = 0;                    // two's complement
  std::array<uint128_t, 3> words_ = {};  // S2 = words_[0] + 2^64 words_[1] + 2^128 words_[2]
};

}  // namespace millrace::aggregate::exact
