// Exact numbers and their rounding. The oracles are IEEE's own correctly rounded + * / and fma, and
// for long quotients the distance to the neighbours of the answer.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "aggregate/exact/chunk_sum.h"
#include "aggregate/exact/dyadic.h"
#include "aggregate/exact/float_sum.h"
#include "aggregate/exact/near_sums.h"
#include "aggregate/exact/rounding.h"

namespace millrace::aggregate::exact {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// Any finite float64, every exponent alike.
double AnyFloat(std::mt19937_64* random) {
  while (true) {
    const double value = std::bit_cast<double>((*random)());
    if (std::isfinite(value)) return value;
  }
}

// Near the smallest and the subnormal numbers, or near 1.
double NearFloat(int exponent, std::mt19937_64* random) {
  const double mantissa = static_cast<double>((*random)() >> 11) * 0x1p-52;
  return std::ldexp((*random)() % 2 == 0 ? mantissa : -mantissa, exponent);
}

double Plus(double zero) {
  return zero == 0 ? 0.0 : zero;
}  // our zeros are +0.0

TEST(RoundingTest, SumsAndProductsAreIeeesOwn) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const int exponent = static_cast<int>(random() % 2097) - 1075;
    const double a = i % 2 == 0 ? AnyFloat(&random) : NearFloat(exponent, &random);
    const double b = i % 2 == 0 ? AnyFloat(&random) : NearFloat(-exponent / 2, &random);
    const Dyadic x = Dyadic::FromFloat(a);
    const Dyadic y = Dyadic::FromFloat(b);
    ASSERT_EQ(std::bit_cast<uint64_t>(Round(x + y)), std::bit_cast<uint64_t>(Plus(a + b)));
    ASSERT_EQ(std::bit_cast<uint64_t>(Round(x - y)), std::bit_cast<uint64_t>(Plus(a - b)));
    ASSERT_EQ(std::bit_cast<uint64_t>(Round(x * y)), std::bit_cast<uint64_t>(Plus(a * b)));
    const double c = NearFloat(static_cast<int>(random() % 2000) - 1000, &random);
    ASSERT_EQ(std::bit_cast<uint64_t>(Round(x * y + Dyadic::FromFloat(c))),
              std::bit_cast<uint64_t>(Plus(std::fma(a, b, c))));
  }
}

TEST(RoundingTest, QuotientsAreIeeesOwn) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 200'000; ++i) {
    const double a = i % 2 == 0 ? AnyFloat(&random) : NearFloat(-1060, &random);
    double b = i % 3 == 0 ? AnyFloat(&random) : NearFloat(static_cast<int>(random() % 40), &random);
    if (b == 0) b = 1;
    const double found = RoundRatio(Dyadic::FromFloat(std::copysign(a, a * b < 0 ? -1 : 1)),
                                    Dyadic::FromFloat(std::abs(b)));
    ASSERT_EQ(std::abs(found), std::abs(a / b)) << a << " / " << b;
  }
}

// Whether `found` is the float64 nearest to n/d, the even one of two.
void ExpectNearest(const Dyadic& n, const Dyadic& d, double found) {
  ASSERT_TRUE(std::isfinite(found));
  const auto distance = [&](double q) {
    const Dyadic rest = n - d * Dyadic::FromFloat(q);
    return rest.negative() ? rest.Negated() : rest;
  };
  for (const double other : {std::nextafter(found, kInf), std::nextafter(found, -kInf)}) {
    if (!std::isfinite(other)) continue;
    const int order = (distance(found) - distance(other)).sign();
    const bool even = (std::bit_cast<uint64_t>(found) & 1) == 0;
    ASSERT_TRUE(order < 0 || (order == 0 && even)) << found << " " << other;
  }
}

TEST(RoundingTest, LongQuotientsAreNearest) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    Limbs above(1 + random() % 6, 0);
    Limbs below(1 + random() % 6, 0);
    for (uint64_t& limb : above) limb = random() % 4 == 0 ? ~uint64_t{0} : random();
    for (uint64_t& limb : below) limb = random() % 4 == 0 ? ~uint64_t{0} : random();
    if (random() % 3 == 0) above.back() = 1;
    if (random() % 3 == 0) below.back() = ~uint64_t{0};
    const Dyadic d(below, 0, false);
    // Sometimes a quotient that is half way between two floats.
    const Dyadic half = Dyadic(Limbs{(random() | 1) >> 10 | uint64_t{1} << 53 | 1}, 0, false);
    const Dyadic n =
        i % 4 == 0 ? d * half : Dyadic(above, -static_cast<int64_t>(random() % 1400), false);
    ExpectNearest(n, d, RoundRatio(n, d));
  }
}

TEST(RoundingTest, EndsOfTheRange) {
  const Dyadic smallest = Dyadic::FromFloat(5e-324);
  EXPECT_EQ(Round(smallest.Scaled(-1)), 0.0);  // half of it: to even
  EXPECT_FALSE(std::signbit(Round(smallest.Scaled(-1).Negated())));
  EXPECT_EQ(Round(smallest.Scaled(-1) + smallest.Scaled(-500)), 5e-324);
  EXPECT_EQ(Round(smallest.Scaled(-2)), 0.0);
  const double max = std::numeric_limits<double>::max();
  const Dyadic step = Dyadic::FromFloat(std::ldexp(1.0, 970));  // half a unit in max's last place
  EXPECT_EQ(Round(Dyadic::FromFloat(max) + step), kInf);
  EXPECT_EQ(Round(Dyadic::FromFloat(max) + step - smallest), max);
  EXPECT_EQ(Round((Dyadic::FromFloat(max) + step).Negated()), -kInf);
  EXPECT_EQ(RoundRatio(Dyadic(), Dyadic::FromInt(3)), 0.0);
}

TEST(DyadicTest, StoredFormIsCanonicalAndChecked) {
  const Dyadic twelve = Dyadic::FromInt(12);
  base::ByteWriter bytes;
  twelve.Encode(&bytes);
  EXPECT_EQ(bytes.bytes(), std::string("\x02\x04\x03", 3));  // one byte, positive; 2^2; 3
  base::ByteWriter same;
  Dyadic::FromFloat(0.75).Scaled(4).Encode(&same);
  EXPECT_EQ(same.bytes(), bytes.bytes());
  base::ByteReader fits(bytes.bytes());
  EXPECT_TRUE(*Dyadic::Decode(0, 4, &fits) == twelve);
  base::ByteReader too_high(bytes.bytes());
  EXPECT_FALSE(Dyadic::Decode(0, 3, &too_high).ok());
  base::ByteReader too_low(bytes.bytes());
  EXPECT_FALSE(Dyadic::Decode(3, 64, &too_low).ok());
  base::ByteReader even(std::string_view("\x02\x04\x06", 3));
  EXPECT_FALSE(Dyadic::Decode(0, 64, &even).ok());
  base::ByteReader minus_zero(std::string_view("\x01", 1));
  EXPECT_FALSE(Dyadic::Decode(0, 64, &minus_zero).ok());
}

TEST(ChunkSumTest, LosesNothingOverManyTermsAndCarries) {
  std::mt19937_64 random(4);
  FloatPowerSum<1> sum;
  Dyadic expected;
  std::vector<double> kept;
  for (int i = 0; i < 30'000; ++i) {
    const double value =
        i % 3 == 0 ? AnyFloat(&random) : NearFloat(static_cast<int>(i % 7), &random);
    const FloatParts parts(value);
    sum.AddMantissa(parts.mantissa, parts.position, parts.negative);
    kept.push_back(value);
    if (i % 500 == 0) {
      for (const double term : kept) expected = expected + Dyadic::FromFloat(term);
      kept.clear();
      ASSERT_TRUE(sum.ToDyadic() == expected);
      ASSERT_EQ(sum.Round(), Round(expected));
    }
  }
}

TEST(ChunkSumTest, ManyEqualTermsOfOneSign) {
  for (const bool negative : {false, true}) {
    FloatPowerSum<1> sum;
    const FloatParts parts(std::numeric_limits<double>::max());
    for (int i = 0; i < 100'000; ++i) sum.AddMantissa(parts.mantissa, parts.position, negative);
    const Dyadic expected = Dyadic::FromFloat(std::numeric_limits<double>::max()) *
                            Dyadic::FromInt(negative ? -100'000 : 100'000);
    EXPECT_TRUE(sum.ToDyadic() == expected);
    for (int i = 0; i < 100'000; ++i) sum.AddMantissa(parts.mantissa, parts.position, !negative);
    EXPECT_TRUE(sum.ToDyadic().is_zero());
    EXPECT_EQ(sum.Round(), 0.0);
  }
}

TEST(ChunkSumTest, LimbsAtEveryPosition) {
  for (int position = 0; position < 2045 * 4; position += 17) {
    FloatPowerSum<4> sum;
    const std::array<uint64_t, 4> magnitude = {0x123456789abcdef1, 0, ~uint64_t{0}, 0xfffff};
    sum.AddLimbs<4>(magnitude, position, position % 2 == 0);
    const Dyadic expected(Limbs(magnitude.begin(), magnitude.end()), position - 1074 * 4,
                          position % 2 == 0);
    ASSERT_TRUE(sum.ToDyadic() == expected) << position;
    ASSERT_EQ(sum.Round(), Round(expected)) << position;
    FloatPowerSum<4> copied;
    copied.AddDyadic(expected);
    copied.Merge(sum);
    ASSERT_TRUE(copied.ToDyadic() == expected + expected);
  }
}

TEST(FloatSumTest, SpecialsComeAndGo) {
  FloatSum sum;
  sum.Add(1.5);
  sum.Add(kInf);
  EXPECT_EQ(sum.Round(), kInf);
  sum.Add(-kInf);
  EXPECT_TRUE(std::isnan(sum.Round()));
  sum.Subtract(kInf);
  EXPECT_EQ(sum.Round(), -kInf);
  sum.Subtract(-kInf);
  EXPECT_EQ(sum.Round(), 1.5);
  sum.Add(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(std::isnan(sum.Round()));
}

struct NearTerm {
  uint64_t mantissa;
  unsigned shift;
  bool negative;
};

// The ends of what fits among them: 0, 2^53 - 1, and all 64 bits of an integer.
NearTerm DrawTerm(std::mt19937_64* random) {
  NearTerm term{.mantissa = (*random)() >> 11, .shift = 0, .negative = (*random)() % 3 == 0};
  switch ((*random)() % 6) {
    case 0:
      term.mantissa = (*random)() % 2 == 0 ? 0 : (uint64_t{1} << 53) - 1;
      break;
    case 1:
      term.mantissa = ~uint64_t{0} - (*random)() % 2;
      return term;
    default:
      break;
  }
  term.shift = static_cast<unsigned>((*random)() % 5 == 0 ? 31 : (*random)() % 32);
  return term;
}

Dyadic ExactOf(const NearTerm& term) {
  return Dyadic({term.mantissa}, term.shift, term.negative);
}

TEST(NearSumsTest, GiveWhatExactNumbersGive) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 3000; ++round) {
    NearSums<true> sums;
    NearSums<false> sum;
    Dyadic first;
    Dyadic second;
    std::vector<NearTerm> inside;
    const auto exponent = static_cast<int64_t>(random() % 2300) - 1200;  // subnormal to infinite
    const bool constant = round % 8 == 0;
    for (int step = 0; step < 30; ++step) {
      if (inside.size() > 1 && random() % 3 == 0) {
        std::swap(inside[random() % inside.size()], inside.back());
        const NearTerm left = inside.back();
        inside.pop_back();
        sums.Change<true>(left.mantissa, left.shift, left.negative);
        sum.Change<true>(left.mantissa, left.shift, left.negative);
        first = first - ExactOf(left);
        second = second - ExactOf(left) * ExactOf(left);
      } else {
        inside.push_back(constant && !inside.empty() ? inside.front() : DrawTerm(&random));
        const NearTerm entered = inside.back();
        sums.Change<false>(entered.mantissa, entered.shift, entered.negative);
        sum.Change<false>(entered.mantissa, entered.shift, entered.negative);
        first = first + ExactOf(entered);
        second = second + ExactOf(entered) * ExactOf(entered);
      }
      const uint64_t n = inside.size();
      ASSERT_EQ(sums.First(exponent), first.Scaled(exponent));
      ASSERT_EQ(sums.Second(exponent), second.Scaled(2 * exponent));
      ASSERT_EQ(sums.RoundSum(exponent), Round(first.Scaled(exponent)));
      ASSERT_EQ(sum.RoundSum(exponent), Round(first.Scaled(exponent)));
      const Dyadic spread = Dyadic::FromUInt(n) * second - first * first;
      for (const uint64_t divisor : {n * n, n * (n + 1), uint64_t{1}, ~uint64_t{0}}) {
        ASSERT_EQ(sums.RoundSpread(n, divisor, exponent),
                  RoundRatio(spread.Scaled(2 * exponent), Dyadic::FromUInt(divisor)));
      }
    }
  }
}

TEST(NearSumsTest, HoldTheLargestTerms) {
  NearSums<true> sums;
  constexpr uint64_t kTerms = 1 << 20;
  const uint64_t largest = (uint64_t{1} << 53) - 1;
  for (uint64_t i = 0; i < kTerms; ++i) sums.Change<false>(largest, 31, i % 2 == 0);
  EXPECT_EQ(sums.RoundSum(0), 0.0);
  const Dyadic square = Dyadic({largest}, 31, false) * Dyadic({largest}, 31, false);
  EXPECT_EQ(sums.Second(0), square * Dyadic::FromUInt(kTerms));
  EXPECT_EQ(sums.RoundSpread(kTerms, kTerms, 0), Round(square * Dyadic::FromUInt(kTerms)));
}

}  // namespace
}  // namespace millrace::aggregate::exact
