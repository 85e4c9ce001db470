// The count, S1 and S2 of the values in a window, by adding those that enter and taking away those
// that leave. Values go to NearSums where they can; a window that holds others is read from
// PowerSums. Used by power_slide.cc alone.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>

#include "aggregate/aggregate.h"
#include "aggregate/exact/float_sum.h"
#include "aggregate/exact/near_sums.h"
#include "aggregate/powers/power_sums.h"
#include "aggregate/powers/power_values.h"

namespace millrace::aggregate::powers {

// Integers are all near.
template <bool kSquares>
class IntWindowSums {
 public:
  static constexpr int kPowers = kSquares ? 2 : 1;

  void Begin(const Input& input, const Walk&) {
    value_ = input.value;
    near_.Reset();
    count_ = 0;
  }
  template <bool kSubtract, bool kAllValid>
  void Change(std::span<const int64_t> rows) {
    for (const int64_t row : rows) {
      if (!kAllValid && !value_.valid(row)) continue;
      count_ += kSubtract ? ~uint64_t{0} : 1;
      if (value_.ints != nullptr) {
        const auto value = static_cast<uint64_t>(value_.ints[row]);
        const bool negative = value_.ints[row] < 0;
        near_.template Change<kSubtract>(negative ? -value : value, 0, negative);
      } else {
        near_.template Change<kSubtract>(value_.uints[row], 0, false);
      }
    }
  }

  void EndRead() {}

  uint64_t count() const { return count_; }
  bool finite() const { return true; }
  void AppendSum(columns::ColumnBuffer* out) const { AppendWhole(near_.sum(), out); }
  double RoundSum() const { return near_.RoundSum(0); }
  double RoundSpread(uint64_t a, uint64_t b) const { return near_.RoundSpread(count_, a * b, 0); }

 private:
  columns::Column value_;
  exact::NearSums<kSquares> near_;
  uint64_t count_ = 0;
};

template <bool kSquares>
class FloatWindowSums {
 public:
  static constexpr int kPowers = kSquares ? 2 : 1;

  void Begin(const Input& input, const Walk& walk) {
    value_ = input.value;
    near_.Reset();
    far_.Reset();
    specials_ = {};
    count_ = 0;
    base_ = BaseOf(walk.enter);
    far_reads_ = 0;
    wide_ = false;
  }
  template <bool kSubtract, bool kAllValid>
  void Change(std::span<const int64_t> rows) {
    for (const int64_t row : rows) {
      if (!kAllValid && !value_.valid(row)) continue;
      count_ += kSubtract ? ~uint64_t{0} : 1;
      const uint64_t bits = std::bit_cast<uint64_t>(value_.floats[row]);
      const uint64_t shift = (bits >> 52 & 0x7ff) - base_;
      if (shift < kSpan) {
        near_.template Change<kSubtract>((bits & (kLeadingBit - 1)) | kLeadingBit,
                                         static_cast<unsigned>(shift), bits >> 63 != 0);
      } else if (bits << 1 != 0 || wide_) {
        ChangeFar(row, kSubtract);
      }
    }
  }

  // After the values of a question are read. Where windows keep holding far values, one kind of
  // sums is faster than two.
  void EndRead() {
    if (far_.count() == 0 || wide_ || ++far_reads_ < kFarReadsMax) return;
    AddNearTo(&far_);
    wide_ = true;
    base_ = kNoBase;
  }

  uint64_t count() const { return count_; }
  bool finite() const { return !specials_.any(); }
  void AppendSum(columns::ColumnBuffer* out) const {
    out->AppendFloat(columns::CanonicalFloat(RoundSum()));
  }
  double RoundSum() const {
    if (specials_.any()) return specials_.Value();
    if (wide_) return far_.RoundSum();
    return far_.count() == 0 ? near_.RoundSum(exponent()) : All().RoundSum();
  }
  // REQUIRES: finite(); a and b are at most count().
  double RoundSpread(uint64_t a, uint64_t b) const {
    if (wide_) return far_.RoundSpread(a, b);
    if (far_.count() == 0) return near_.RoundSpread(count_, a * b, exponent());
    return All().RoundSpread(a, b);
  }

 private:
  using Powers = PowerSums<exact::FloatPowerSum, kPowers>;
  static constexpr uint64_t kLeadingBit = uint64_t{1} << 52;
  // Near are biased exponents in [base_, base_ + kSpan), never those of subnormal numbers (0) and
  // of NaN and infinities (2047).
  static constexpr uint64_t kSpan = exact::NearSums<kSquares>::kShifts;
  static constexpr uint64_t kBaseMax = 2047 - kSpan;

  static constexpr uint64_t kNoBase = uint64_t{1} << 32;
  static constexpr int kFarReadsMax = 16;

  int64_t exponent() const { return static_cast<int64_t>(base_) - 1075; }

  // The middle of what a few of the rows have. Any base gives the same bits.
  uint64_t BaseOf(std::span<const int64_t> rows) const {
    constexpr size_t kSamples = 16;
    uint64_t least = 2046;
    uint64_t most = 0;
    const size_t samples = std::min(kSamples, rows.size());
    for (size_t i = 0; i < samples; ++i) {
      const int64_t row = rows[i * rows.size() / samples];
      const uint64_t biased = std::bit_cast<uint64_t>(value_.floats[row]) >> 52 & 0x7ff;
      if (!value_.valid(row) || biased == 0 || biased == 2047) continue;
      least = std::min(least, biased);
      most = std::max(most, biased);
    }
    const uint64_t middle = (least + most) / 2;
    return std::clamp<uint64_t>(middle, 1 + kSpan / 2, kBaseMax + kSpan / 2) - kSpan / 2;
  }

  [[gnu::noinline]] void ChangeFar(int64_t row, bool subtract) {
    const double value = value_.floats[row];
    if (std::isfinite(value)) {
      far_.Change(value_, row, subtract);
    } else {
      specials_.Add(value, subtract ? ~uint64_t{0} : 1);
    }
  }

  void AddNearTo(Powers* all) const {
    const uint64_t count = count_ - specials_.count() - far_.count();
    if constexpr (kSquares) {
      all->AddSums(count, {near_.First(exponent()), near_.Second(exponent())});
    } else {
      all->AddSums(count, {near_.First(exponent())});
    }
  }
  Powers All() const {
    Powers all = far_;
    AddNearTo(&all);
    return all;
  }

  columns::Column value_;
  exact::NearSums<kSquares> near_;
  uint64_t base_ = 1;
  uint64_t count_ = 0;
  exact::Specials specials_;
  Powers far_;  // with wide_: all that are finite; without: those that are neither near nor 0
  int far_reads_ = 0;
  bool wide_ = false;
};

// Up to S4, for skewness and kurtosis.
template <template <int> class Sum, int kPowersOf>
class WindowPowers : public PowerSums<Sum, kPowersOf> {
 public:
  void Begin(const Input& input, const Walk&) {
    value_ = input.value;
    this->Reset();
  }
  template <bool kSubtract, bool kAllValid>
  void Change(std::span<const int64_t> rows) {
    for (const int64_t row : rows) {
      if (!kAllValid && !value_.valid(row)) continue;
      PowerSums<Sum, kPowersOf>::Change(value_, row, kSubtract);
    }
  }
  void EndRead() {}

 private:
  columns::Column value_;
};

}  // namespace millrace::aggregate::powers
