// FloatSum: an exact sum of float64 values that also takes values away, NaN and infinities
// included. Rounded once when it is read. Used by every function that sums floats.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "aggregate/exact/chunk_sum.h"

namespace millrace::aggregate::exact {

// How many values of a sum are not finite; their sum is decided by which of them there are.
struct Specials {
  uint64_t nan = 0;
  uint64_t positive = 0;  // +infinity
  uint64_t negative = 0;

  bool any() const { return (nan | positive | negative) != 0; }
  uint64_t count() const { return nan + positive + negative; }
  void Add(double value, uint64_t count) {
    if (std::isnan(value)) {
      nan += count;
    } else if (value > 0) {
      positive += count;
    } else {
      negative += count;
    }
  }
  void Merge(const Specials& other) {
    nan += other.nan;
    positive += other.positive;
    negative += other.negative;
  }
  // The sum, given that there are any.
  double Value() const {
    if (nan != 0 || (positive != 0 && negative != 0))
      return std::numeric_limits<double>::quiet_NaN();
    return positive != 0 ? std::numeric_limits<double>::infinity()
                         : -std::numeric_limits<double>::infinity();
  }
  void Encode(base::ByteWriter* out) const;
  static base::Result<Specials> Decode(base::ByteReader* in);
};

class FloatSum {
 public:
  void Add(double value) { Change(value, false); }
  void Subtract(double value) { Change(value, true); }
  void Merge(const FloatSum& other) {
    finite_.Merge(other.finite_);
    specials_.Merge(other.specials_);
  }
  void Reset() {
    finite_.Reset();
    specials_ = {};
  }
  double Round() const { return specials_.any() ? specials_.Value() : finite_.Round(); }

  void Encode(base::ByteWriter* out) const;
  base::Status Decode(base::ByteReader* in);  // into an empty sum

 private:
  void Change(double value, bool subtract) {
    if (!std::isfinite(value)) {  // NaN or infinite
      specials_.Add(value, subtract ? ~uint64_t{0} : 1);
      return;
    }
    const FloatParts parts(value);
    if (parts.mantissa == 0) return;
    finite_.AddMantissa(parts.mantissa, parts.position, parts.negative != subtract);
  }

  FloatPowerSum<1> finite_;
  Specials specials_;
};

}  // namespace millrace::aggregate::exact
