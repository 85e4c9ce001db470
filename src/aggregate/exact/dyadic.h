// Dyadic: an exact number sign * magnitude * 2^exponent of any size. What exact sums become when
// they are read, stored or multiplied. Not for hot loops (chunk_sum.h is); rounding is in
// rounding.h.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>

#include "base/bytes.h"

namespace millrace::aggregate::exact {

using Limbs = absl::InlinedVector<uint64_t, 16>;  // little-endian, base 2^64

class Dyadic {
 public:
  Dyadic() = default;  // zero
  // Takes any limbs, leading and trailing zeros included.
  Dyadic(Limbs magnitude, int64_t exponent, bool negative);
  static Dyadic FromInt(int64_t value);
  static Dyadic FromUInt(uint64_t value);
  static Dyadic FromInt128(__int128 value);
  static Dyadic FromFloat(double value);  // REQUIRES: finite

  bool is_zero() const { return magnitude_.empty(); }
  bool negative() const { return negative_; }
  int sign() const { return is_zero() ? 0 : (negative_ ? -1 : 1); }
  // The top and the bottom limb are not zero.
  const Limbs& magnitude() const { return magnitude_; }
  int64_t exponent() const { return exponent_; }
  int64_t BitLength() const;  // of the magnitude; 0 for zero

  // The same number with an odd magnitude.
  Dyadic Odd() const;
  // Times 2^power.
  Dyadic Scaled(int64_t power) const;
  Dyadic Negated() const;

  friend Dyadic operator+(const Dyadic& a, const Dyadic& b);
  friend Dyadic operator-(const Dyadic& a, const Dyadic& b) { return a + b.Negated(); }
  friend Dyadic operator*(const Dyadic& a, const Dyadic& b);
  friend bool operator==(const Dyadic& a, const Dyadic& b) { return (a - b).is_zero(); }

  // docs/formats/state.md, "Exact number": equal numbers have equal bytes.
  void Encode(base::ByteWriter* out) const;
  // Error: corrupt, also when a bit lies outside 2^low_bit … 2^(high_bit - 1): a sum that holds
  // such a number could not be one of ours.
  static base::Result<Dyadic> Decode(int64_t low_bit, int64_t high_bit, base::ByteReader* in);

 private:
  void Normalize();

  Limbs magnitude_;
  int64_t exponent_ = 0;  // 0 for zero
  bool negative_ = false;
};

}  // namespace millrace::aggregate::exact
