// PowerSums: the exact sums of powers of a number's values, whatever the values: what the States of
// the moments are, and what Slides fall back on. Their bytes: docs/formats/state.md.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <utility>

#include "aggregate/binding.h"
#include "aggregate/exact/chunk_sum.h"
#include "aggregate/exact/rounding.h"

namespace millrace::aggregate::powers {

// magnitude * factor; the product fits.
template <size_t kLimbs>
std::array<uint64_t, kLimbs> Times(const std::array<uint64_t, kLimbs>& magnitude, uint64_t factor) {
  std::array<uint64_t, kLimbs> product;
  uint64_t carry = 0;
  for (size_t i = 0; i < kLimbs; ++i) {
    const auto wide = static_cast<unsigned __int128>(magnitude[i]) * factor + carry;
    product[i] = static_cast<uint64_t>(wide);
    carry = static_cast<uint64_t>(wide >> 64);
  }
  return product;
}

template <template <int> class Sum, int... kPowers>
std::tuple<Sum<kPowers + 1>...> SumsOf(std::integer_sequence<int, kPowers...>);

// The sums of powers 1..kPowers of finite values, how many there are, and how many are not finite.
template <template <int> class Sum, int kPowersOf>
class PowerSums {
 public:
  static constexpr int kPowers = kPowersOf;
  static constexpr bool kFloats = std::is_same_v<Sum<1>, exact::FloatPowerSum<1>>;

  void Change(const columns::Column& column, int64_t row, bool subtract) {
    count_ += subtract ? ~uint64_t{0} : 1;
    if constexpr (kFloats) {
      const double value = column.floats[row];
      if (!std::isfinite(value)) {
        not_finite_ += subtract ? ~uint64_t{0} : 1;
        return;
      }
      const exact::FloatParts parts(value);
      if (parts.mantissa != 0) AddPowers(parts.mantissa, parts.position, parts.negative, subtract);
    } else if (column.ints != nullptr) {
      const auto value = static_cast<uint64_t>(column.ints[row]);
      const bool negative = column.ints[row] < 0;
      if (value != 0) AddPowers(negative ? -value : value, 0, negative, subtract);
    } else if (column.uints[row] != 0) {
      AddPowers(column.uints[row], 0, false, subtract);
    }
  }
  void Merge(const PowerSums& other) {
    count_ += other.count_;
    not_finite_ += other.not_finite_;
    std::apply(
        [&](auto&... mine) {
          std::apply([&](const auto&... theirs) { (mine.Merge(theirs), ...); }, other.sums_);
        },
        sums_);
  }
  // `count` finite values more, of which the sums of powers are known.
  void AddSums(uint64_t count, const std::array<exact::Dyadic, kPowers>& sums) {
    count_ += count;
    size_t power = 0;
    std::apply([&](auto&... mine) { (mine.AddDyadic(sums[power++]), ...); }, sums_);
  }
  void Reset() {
    count_ = 0;
    not_finite_ = 0;
    std::apply([](auto&... sum) { (sum.Reset(), ...); }, sums_);
  }

  uint64_t count() const { return count_; }
  bool finite() const { return not_finite_ == 0; }
  template <int kPower>
  exact::Dyadic Power() const {
    return std::get<kPower - 1>(sums_).ToDyadic();
  }
  double RoundSum() const { return std::get<0>(sums_).Round(); }
  // n*S2 - S1^2, which is n * sum((x - mean)^2).
  exact::Dyadic Spread() const {
    const exact::Dyadic first = Power<1>();
    return exact::Dyadic::FromUInt(count_) * Power<2>() - first * first;
  }
  // The same over a * b, rounded once.
  double RoundSpread(uint64_t a, uint64_t b) const {
    return exact::RoundRatio(Spread(), exact::Dyadic::FromUInt(a) * exact::Dyadic::FromUInt(b));
  }

  void Encode(base::ByteWriter* out) const {
    out->Varint(count_);
    if (count_ == 0) return;
    out->Varint(not_finite_);
    std::apply([&](const auto&... sum) { (sum.ToDyadic().Encode(out), ...); }, sums_);
  }
  base::Status Decode(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(count_, in->Varint());
    if (count_ == 0) return base::Status::OK();
    ARROW_ASSIGN_OR_RAISE(not_finite_, in->Varint());
    if (not_finite_ > count_) return CorruptState("more values are not finite than there are");
    base::Status status;
    std::apply([&](auto&... sum) { ((status.ok() ? status = DecodeSum(in, &sum) : status), ...); },
               sums_);
    ARROW_RETURN_NOT_OK(status);
    return CheckMoments();
  }

 private:
  template <int kLowBit, int kBits>
  static base::Status DecodeSum(base::ByteReader* in, exact::ChunkSum<kLowBit, kBits>* sum) {
    ARROW_ASSIGN_OR_RAISE(
        const exact::Dyadic number,
        exact::Dyadic::Decode(kLowBit, exact::ChunkSum<kLowBit, kBits>::kHighBit, in));
    sum->AddDyadic(number);
    return base::Status::OK();
  }
  // No values have n*S2 < S1^2: a variance below zero, which has no root.
  base::Status CheckMoments() const {
    return Spread().negative() ? CorruptState("its sums of powers contradict each other")
                               : base::Status::OK();
  }

  void AddPowers(uint64_t mantissa, int position, bool negative, bool subtract) {
    if constexpr (kFloats) {  // whose mantissas have 53 bits
      std::get<0>(sums_).AddMantissa(mantissa, position, negative != subtract);
    } else {
      std::get<0>(sums_).template AddLimbs<1>({mantissa}, position, negative != subtract);
    }
    const auto square = Times<2>({mantissa, 0}, mantissa);
    if constexpr (kPowers >= 2)
      std::get<1>(sums_).template AddLimbs<2>(square, 2 * position, subtract);
    const auto cube = Times<3>({square[0], square[1], 0}, mantissa);
    if constexpr (kPowers >= 3)
      std::get<2>(sums_).template AddLimbs<3>(cube, 3 * position, negative != subtract);
    const auto fourth = Times<4>({cube[0], cube[1], cube[2], 0}, mantissa);
    if constexpr (kPowers >= 4)
      std::get<3>(sums_).template AddLimbs<4>(fourth, 4 * position, subtract);
  }

  decltype(SumsOf<Sum>(std::make_integer_sequence<int, kPowers>())) sums_;
  uint64_t count_ = 0;
  uint64_t not_finite_ = 0;
};

}  // namespace millrace::aggregate::powers
