// The values that are read off sums of powers: each is one rational, rounded once (the root and the
// division of avg after it). Of States and Slides alike.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "aggregate/aggregate.h"
#include "aggregate/exact/dyadic.h"
#include "aggregate/exact/rounding.h"

namespace millrace::aggregate::powers {

using exact::Dyadic;

constexpr int PowersOf(PowerValue value) {
  switch (value) {
    case PowerValue::kCount:
      return 0;
    case PowerValue::kSum:
    case PowerValue::kAvg:
      return 1;
    case PowerValue::kSkewness:
      return 3;
    case PowerValue::kKurtosis:
      return 4;
    default:
      return 2;
  }
}

// The sum of integers.
inline void AppendWhole(__int128 sum, columns::ColumnBuffer* out) {
  if (sum < std::numeric_limits<int64_t>::min() || sum > std::numeric_limits<int64_t>::max()) {
    out->AppendCell(columns::kIntegerOverflow);
  } else {
    out->AppendInt(static_cast<int64_t>(sum));
  }
}

// Total has: AppendSum(out), RoundSum().
template <class Total>
void AppendSum(const Total& total, uint64_t count, columns::ColumnBuffer* out) {
  if (count == 0) return out->AppendNull();
  total.AppendSum(out);
}
template <class Total>
void AppendAvg(const Total& total, uint64_t count, columns::ColumnBuffer* out) {
  if (count == 0) return out->AppendNull();
  out->AppendFloat(columns::CanonicalFloat(total.RoundSum() / static_cast<double>(count)));
}

// Sums has: count(), finite(), RoundSpread(a, b) (power_sums.h).
template <class Sums>
void AppendVariance(const Sums& sums, PowerValue value, columns::ColumnBuffer* out) {
  const bool population = value == PowerValue::kVarPop || value == PowerValue::kStddevPop;
  const bool root = value == PowerValue::kStddev || value == PowerValue::kStddevPop;
  const uint64_t n = sums.count();
  if (n < (population ? 1 : 2)) return out->AppendNull();
  double variance = std::numeric_limits<double>::quiet_NaN();
  if (sums.finite()) variance = sums.RoundSpread(n, population ? n : n - 1);
  out->AppendFloat(columns::CanonicalFloat(root ? std::sqrt(variance) : variance));
}

inline Dyadic Whole(uint64_t value) {
  return Dyadic::FromUInt(value);
}

// With d_i = x_i - mean: n^2 * sum(d^3) and n^3 * sum(d^4), free of fractions.
template <class Sums>
Dyadic Central3(const Sums& sums) {
  const Dyadic n = Whole(sums.count());
  const Dyadic s1 = sums.template Power<1>();
  const Dyadic s2 = sums.template Power<2>();
  return n * n * sums.template Power<3>() - Whole(3) * n * s1 * s2 + Whole(2) * s1 * s1 * s1;
}

template <class Sums>
Dyadic Central4(const Sums& sums) {
  const Dyadic n = Whole(sums.count());
  const Dyadic s1 = sums.template Power<1>();
  const Dyadic square = s1 * s1;
  return n * n * n * sums.template Power<4>() - Whole(4) * n * n * sums.template Power<3>() * s1 +
         Whole(6) * n * sums.template Power<2>() * square - Whole(3) * square * square;
}

// n (n-1) C3^2 / ((n-2)^2 C2^3) under the root, with the sign of C3; REQUIRES: C2 > 0, n >= 3.
template <class Sums>
double Skewness(const Sums& sums, const Dyadic& c2) {
  const uint64_t n = sums.count();
  const Dyadic c3 = Central3(sums);
  const Dyadic below = Whole(n - 2) * Whole(n - 2) * c2 * c2 * c2;
  const double root = std::sqrt(exact::RoundRatio(Whole(n) * Whole(n - 1) * c3 * c3, below));
  return c3.negative() ? -root : root;
}

// (n-1) ((n+1) C4 - 3 (n-1) C2^2) / ((n-2) (n-3) C2^2); REQUIRES: C2 > 0, n >= 4.
template <class Sums>
double Kurtosis(const Sums& sums, const Dyadic& c2) {
  const uint64_t n = sums.count();
  const Dyadic square = c2 * c2;
  const Dyadic above = (Whole(n) + Whole(1)) * Central4(sums) - Whole(3) * Whole(n - 1) * square;
  return exact::RoundRatio(Whole(n - 1) * above, Whole(n - 2) * Whole(n - 3) * square);
}

// Sums is PowerSums of at least three powers, of four for kurtosis.
template <class Sums>
void AppendShape(const Sums& sums, PowerValue value, columns::ColumnBuffer* out) {
  if (sums.count() < static_cast<uint64_t>(PowersOf(value))) return out->AppendNull();
  double shape = std::numeric_limits<double>::quiet_NaN();
  if (sums.finite()) {
    const Dyadic spread = sums.Spread();
    if (spread.sign() <= 0) return out->AppendNull();
    if constexpr (Sums::kPowers >= 4) {
      if (value == PowerValue::kKurtosis) shape = Kurtosis(sums, spread);
    }
    if (value == PowerValue::kSkewness) shape = Skewness(sums, spread);
  }
  out->AppendFloat(columns::CanonicalFloat(shape));
}

}  // namespace millrace::aggregate::powers
