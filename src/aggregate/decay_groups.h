// What decayed_sum and ewma add up. Values halve every half-life h; a value's weight is cut into
// 2^k, which is exact (k = floor(time / h)), and exp2 of the rest, which is rounded per value: so
// sums stay exact, merge in any order, and do not depend on when they are read. Used by decay.cc
// alone.
#pragma once

#include <sleef.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "aggregate/binding.h"
#include "aggregate/exact/rounding.h"

namespace millrace::aggregate {

// Rows whose k is smaller than the question's by more count no longer.
inline constexpr int64_t kDecayCut = 1024;

// Where a time stands on the grid of half-lives.
struct HalfLives {
  int64_t whole;
  double rest;  // in [0, 1)

  HalfLives(base::EventTime time, int64_t half_life)
      : whole(base::FloorDiv(time.micros(), half_life)),
        rest(static_cast<double>(base::FloorMod(time.micros(), half_life)) /
             static_cast<double>(half_life)) {}
};

inline bool IsDecayed(int64_t k, int64_t question) {
  return base::SaturatingSubtract(question, k) > kDecayCut;
}

// Per row: its value, for ewma also 1, times exp2 of the rest.
template <bool kMean>
using DecayTerms = std::array<double, kMean ? 2 : 1>;

template <bool kMean>
DecayTerms<kMean> DecayTermsOf(double value, double rest) {
  const double growth = Sleef_cinz_exp2d1_u10purec(rest);
  if constexpr (kMean) return {value * growth, growth};
  return {value * growth};
}

// sums: the exact sums of terms * 2^(k - K), rounded; rest: of the question.
template <bool kMean>
double DecayedValue(const DecayTerms<kMean>& sums, double rest) {
  if constexpr (kMean) return columns::CanonicalFloat(sums[0] / sums[1]);
  return columns::CanonicalFloat(sums[0] * Sleef_cinz_exp2d1_u10purec(-rest));
}

// One rounding of number * 2^power, whatever the power.
inline double RoundScaled(const exact::Dyadic& number, int64_t power) {
  constexpr int64_t kFar = 1 << 20;  // beyond the reach of float64 from either side
  return exact::Round(number.Scaled(std::clamp(power, -kFar, kFar)));
}

// Sums of terms by k, exact.
template <bool kMean>
class DecayGroups {
 public:
  void Add(int64_t k, const DecayTerms<kMean>& terms) {
    Group& group = groups_[k];
    for (size_t i = 0; i < terms.size(); ++i) {
      if (std::isfinite(terms[i])) {
        group.sums[i] = group.sums[i] + exact::Dyadic::FromFloat(terms[i]);
      } else {
        group.specials |= SpecialBit(terms[i]);
      }
    }
  }
  void Merge(const DecayGroups& other) {
    for (const auto& [k, theirs] : other.groups_) {
      Group& mine = groups_[k];
      for (size_t i = 0; i < mine.sums.size(); ++i) mine.sums[i] = mine.sums[i] + theirs.sums[i];
      mine.specials |= theirs.specials;
    }
  }
  void Append(const HalfLives& question, columns::ColumnBuffer* out) const;

  // Without what no question after the newest row can see.
  void Encode(base::ByteWriter* out) const;
  base::Status Decode(base::ByteReader* in);

 private:
  struct Group {
    std::array<exact::Dyadic, std::tuple_size_v<DecayTerms<kMean>>> sums;
    uint8_t specials = 0;  // of the values; the terms of 1 are finite
  };
  // The span of a group's sum: up to 2^64 terms, each below 2^1024.
  static constexpr int64_t kLowBit = -1074;
  static constexpr int64_t kHighBit = 1024 + 64;

  static uint8_t SpecialBit(double term) {
    if (std::isnan(term)) return 1;
    return term > 0 ? 2 : 4;
  }
  static double SpecialValue(uint8_t bits) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if ((bits & 1) != 0 || (bits & 6) == 6) return std::numeric_limits<double>::quiet_NaN();
    return (bits & 2) != 0 ? kInfinity : -kInfinity;
  }

  std::map<int64_t, Group> groups_;  // by k
};

template <bool kMean>
void DecayGroups<kMean>::Append(const HalfLives& question, columns::ColumnBuffer* out) const {
  // Of a label the rows lie after the question and may be far apart; what is 2^65536 times smaller
  // than the newest is left out.
  constexpr int64_t kSpread = 1 << 16;
  if (groups_.empty() || IsDecayed(groups_.rbegin()->first, question.whole)) {
    return out->AppendNull();
  }
  const int64_t newest = groups_.rbegin()->first;
  std::array<exact::Dyadic, std::tuple_size_v<DecayTerms<kMean>>> totals;
  uint8_t specials = 0;
  for (const auto& [k, group] : groups_) {
    if (IsDecayed(k, question.whole)) continue;
    specials |= group.specials;
    if (base::SaturatingSubtract(newest, k) > kSpread) continue;
    for (size_t i = 0; i < totals.size(); ++i) {
      totals[i] = totals[i] + group.sums[i].Scaled(k - newest);
    }
  }
  DecayTerms<kMean> sums;
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i] = RoundScaled(totals[i], base::SaturatingSubtract(newest, question.whole));
  }
  if (specials != 0) sums[0] = SpecialValue(specials);
  out->AppendFloat(DecayedValue<kMean>(sums, question.rest));
}

template <bool kMean>
void DecayGroups<kMean>::Encode(base::ByteWriter* out) const {
  auto first = groups_.begin();
  while (first != groups_.end() && IsDecayed(first->first, groups_.rbegin()->first)) ++first;
  out->Varint(static_cast<uint64_t>(std::distance(first, groups_.end())));
  uint64_t previous = 0;
  for (auto group = first; group != groups_.end(); ++group) {
    if (group == first) {
      out->SignedVarint(group->first);
    } else {
      out->Varint(static_cast<uint64_t>(group->first) - previous);
    }
    previous = static_cast<uint64_t>(group->first);
    out->U8(group->second.specials);
    for (const exact::Dyadic& sum : group->second.sums) sum.Encode(out);
  }
}

template <bool kMean>
base::Status DecayGroups<kMean>::Decode(base::ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, in->Count(3));
  int64_t k = 0;
  for (uint64_t i = 0; i < size; ++i) {
    if (i == 0) {
      ARROW_ASSIGN_OR_RAISE(k, in->SignedVarint());
    } else {
      ARROW_ASSIGN_OR_RAISE(const uint64_t step, in->Varint());
      if (step == 0 || step > kDecayCut ||
          __builtin_add_overflow(k, static_cast<int64_t>(step), &k) ||
          IsDecayed(groups_.begin()->first, k)) {
        return CorruptState("its half-lives do not ascend or lie too far apart");
      }
    }
    Group group;
    ARROW_ASSIGN_OR_RAISE(group.specials, in->U8());
    if (group.specials > 7) return CorruptState("a flag is unknown");
    for (exact::Dyadic& sum : group.sums) {
      ARROW_ASSIGN_OR_RAISE(sum, exact::Dyadic::Decode(kLowBit, kHighBit, in));
    }
    groups_.emplace(k, std::move(group));
  }
  return base::Status::OK();
}

}  // namespace millrace::aggregate
