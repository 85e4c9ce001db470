// ChunkSum: a sum that loses nothing, after Neal's small superaccumulator (arXiv 1505.05571). A
// fixed-point number whose digits ("chunks") are signed 64-bit integers 32 bits apart, so that
// adding and taking away touch two or a few chunks and carries wait for thousands of terms. For hot
// loops.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "aggregate/exact/dyadic.h"
#include "aggregate/exact/rounding.h"

namespace millrace::aggregate::exact {

// Terms are multiples of 2^kLowBit below 2^(kLowBit + kBits) in magnitude; up to 2^63 of them.
template <int kLowBit, int kBits>
class ChunkSum {
 public:
  static constexpr int kHighBit = kLowBit + kBits + 64;  // no sum reaches 2^kHighBit

  ChunkSum() { chunks_.fill(0); }

  void Reset() {
    for (int i = low_; i <= high_; ++i) chunks_[i] = 0;
    low_ = kChunks;
    high_ = -1;
    budget_ = kBudget;
  }

  // Adds +-mantissa * 2^(kLowBit + position).  REQUIRES: mantissa < 2^53.
  void AddMantissa(uint64_t mantissa, int position, bool negative) {
    const int chunk = position >> 5;
    const int shift = position & 31;
    const uint64_t sign = negative ? ~uint64_t{0} : 0;
    const uint64_t low = (mantissa << shift) & kDigit;
    const uint64_t high = mantissa >> (32 - shift);
    chunks_[chunk] += (low ^ sign) - sign;
    chunks_[chunk + 1] += (high ^ sign) - sign;
    low_ = std::min(low_, chunk);
    high_ = std::max(high_, chunk + 1);
    if (--budget_ == 0) Carry();
  }

  // Adds +-magnitude * 2^(kLowBit + position), the magnitude little-endian.
  template <int kLimbs>
  void AddLimbs(const std::array<uint64_t, kLimbs>& magnitude, int position, bool negative) {
    const int chunk = position >> 5;
    const int shift = position & 31;
    const uint64_t sign = negative ? ~uint64_t{0} : 0;
    uint64_t carry = 0;
    int used = 0;
    for (int i = 0; i < kLimbs; ++i) {
      const unsigned __int128 wide =
          (static_cast<unsigned __int128>(magnitude[i]) << shift) | carry;
      const uint64_t both = static_cast<uint64_t>(wide);
      chunks_[chunk + 2 * i] += ((both & kDigit) ^ sign) - sign;
      chunks_[chunk + 2 * i + 1] += ((both >> 32) ^ sign) - sign;
      carry = static_cast<uint64_t>(wide >> 64);
      if (both != 0) used = 2 * i + 1;
    }
    if (carry != 0) {
      chunks_[chunk + 2 * kLimbs] += (carry ^ sign) - sign;
      used = 2 * kLimbs;
    }
    low_ = std::min(low_, chunk);
    high_ = std::max(high_, chunk + used);
    if (--budget_ == 0) Carry();
  }

  // REQUIRES: what Decode(kLowBit, kHighBit) accepts.
  void AddDyadic(const Dyadic& number) {
    const Dyadic odd = number.Odd();
    int position = static_cast<int>(odd.exponent() - kLowBit);
    for (const uint64_t limb : odd.magnitude()) {
      AddMantissa(limb & kDigit, position, odd.negative());
      position += 32;
      if (limb >> 32 != 0) AddMantissa(limb >> 32, position, odd.negative());
      position += 32;
    }
  }

  void Merge(const ChunkSum& other) {
    Carry();
    ChunkSum carried = other;
    carried.Carry();
    for (int i = carried.low_; i <= carried.high_; ++i) chunks_[i] += carried.chunks_[i];
    low_ = std::min(low_, carried.low_);
    high_ = std::max(high_, carried.high_);
    Carry();
  }

  // The sum rounded once.
  double Round() const {
    Digits digits;
    bool negative = false;
    int top = ToDigits(&digits, &negative);
    while (top > 0 && digits[top - 1] == 0) --top;
    if (top == 0) return 0.0;
    const uint64_t first = digits[top - 1];
    const uint64_t second = top > 1 ? digits[top - 2] : 0;
    const uint64_t third = top > 2 ? digits[top - 3] : 0;
    const int shift = std::countl_zero(first) - 32;
    uint64_t head = (first << 32 | second) << shift;
    if (shift > 0) head |= third >> (32 - shift);
    bool sticky = ((third << shift) & kDigit) != 0;
    for (int i = 0; i + 3 < top && !sticky; ++i) sticky = digits[i] != 0;
    const int exponent = kLowBit + 32 * (low_ + top - 2) - shift;
    return RoundTop(head, sticky, exponent, negative);
  }

  Dyadic ToDyadic() const {
    if (high_ < 0) return Dyadic();
    Digits digits;
    bool negative = false;
    const int size = ToDigits(&digits, &negative);
    Limbs limbs(static_cast<size_t>(size + 1) / 2, 0);
    for (int i = 0; i < size; ++i) {
      limbs[static_cast<size_t>(i) / 2] |= static_cast<uint64_t>(digits[i]) << (i % 2 * 32);
    }
    return Dyadic(std::move(limbs), kLowBit + 32 * static_cast<int64_t>(low_), negative);
  }

 private:
  static constexpr int kChunks = (kBits + 64 + 31) / 32 + 3;
  static constexpr uint64_t kDigit = 0xffffffff;
  // A term adds below 2^52 to a chunk, a carried chunk is below 2^33: no chunk reaches 2^63.
  static constexpr int kBudget = 1024;
  using Digits = std::array<uint32_t, kChunks + 2>;

  // Leaves chunks in [0, 2^32) but for the highest used one, which keeps the sign.
  void Carry() {
    budget_ = kBudget;
    for (int i = low_; i < high_; ++i) {
      chunks_[i + 1] += static_cast<uint64_t>(static_cast<int64_t>(chunks_[i]) >> 32);
      chunks_[i] &= kDigit;
    }
    if (high_ < 0 || high_ + 1 >= kChunks) return;
    const int64_t over = static_cast<int64_t>(chunks_[high_]) >> 32;
    if (over == 0 || over == -1) return;
    chunks_[high_] &= kDigit;
    chunks_[high_ + 1] += static_cast<uint64_t>(over);
    ++high_;
  }

  // Sign and magnitude of the chunks from low_ on; returns the number of digits.
  int ToDigits(Digits* digits, bool* negative) const {
    int size = 0;
    int64_t carry = 0;
    for (int i = low_; i <= high_; ++i) {
      const int64_t wide = static_cast<int64_t>(chunks_[i] + static_cast<uint64_t>(carry));
      (*digits)[size++] = static_cast<uint32_t>(wide);
      carry = wide >> 32;
    }
    *negative = carry < 0;
    if (carry < 0) {  // two's complement -> magnitude
      uint64_t one = 1;
      for (int i = 0; i < size; ++i) {
        const uint64_t flipped = static_cast<uint64_t>(static_cast<uint32_t>(~(*digits)[i])) + one;
        (*digits)[i] = static_cast<uint32_t>(flipped);
        one = flipped >> 32;
      }
      carry = static_cast<int64_t>(static_cast<uint64_t>(~carry) + one);
    }
    (*digits)[size++] = static_cast<uint32_t>(carry);
    return size;
  }

  std::array<uint64_t, kChunks>
      chunks_;         // signed numbers, kept unsigned so that wrapping is defined
  int low_ = kChunks;  // chunks outside [low_, high_] are 0
  int high_ = -1;
  int budget_ = kBudget;
};

// Sums of p-th powers of float64: multiples of 2^(-1074 p) below 2^(1024 p).
template <int kPower>
using FloatPowerSum = ChunkSum<-1074 * kPower, 2098 * kPower>;
// Sums of p-th powers of 64-bit integers.
template <int kPower>
using IntPowerSum = ChunkSum<0, 64 * kPower>;
// Sums of float32.
using Float32Sum = ChunkSum<-149, 277>;

// A finite float64 as sign, mantissa and the mantissa's position above 2^-1074.
struct FloatParts {
  uint64_t mantissa;
  int position;
  bool negative;

  explicit FloatParts(double value) {
    const uint64_t bits = std::bit_cast<uint64_t>(value);
    const int biased = static_cast<int>((bits >> 52) & 0x7ff);
    const int normal = biased != 0 ? 1 : 0;
    mantissa = (bits & ((uint64_t{1} << 52) - 1)) | static_cast<uint64_t>(normal) << 52;
    position = biased - normal;
    negative = (bits >> 63) != 0;
  }
};

}  // namespace millrace::aggregate::exact
