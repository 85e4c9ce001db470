// count, sum, avg and the moments. Expected numbers are from plain Python, rationals rounded once:
//   from fractions import Fraction as F; import math
//   S = lambda xs, p: sum((F(x)**p for x in xs), F(0)); n = len(xs)
//   rounded = lambda q: q.numerator / q.denominator          # int / int is correctly rounded
//   sum: rounded(S(xs, 1)).hex();  var: rounded((n*S(xs, 2) - S(xs, 1)**2) / (n*(n-1)))
//   M = lambda p: sum((F(x) - S(xs, 1)/n)**p for x in xs)
//   skewness: sqrt(rounded(F(n*n*(n-1))*M(3)**2 / ((n-2)**2*M(2)**3))), with M(3)'s sign
//   kurtosis: rounded(F(n-1, (n-2)*(n-3))*((n+1)*n*M(4)/M(2)**2 - 3*(n-1)))
#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "aggregate/sample_rows.h"

namespace millrace::aggregate {
namespace {

using columns::Kind;

constexpr int64_t kIntMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kIntMax = std::numeric_limits<int64_t>::max();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Call On(const std::string& function, Type type) {
  return {.function = function, .input = std::move(type), .parameters = {}};
}
SampleRows Floats(const std::vector<Value>& values) {
  return SampleRows::Of(Kind::kFloat64, values);
}
SampleRows Ints(const std::vector<Value>& values) {
  return SampleRows::Of(Kind::kInt64, values);
}
std::string FloatAnswer(const std::string& function, const std::vector<Value>& values) {
  return Answer(On(function, Kind::kFloat64), Floats(values));
}
std::string IntAnswer(const std::string& function, const std::vector<Value>& values) {
  return Answer(On(function, Kind::kInt64), Ints(values));
}
double OfFloats(const std::string& function, const std::vector<Value>& values) {
  return Number(On(function, Kind::kFloat64), Floats(values));
}
double OfInts(const std::string& function, const std::vector<Value>& values) {
  return Number(On(function, Kind::kInt64), Ints(values));
}

const std::vector<Value> kAmounts = {19.99, 5.0, 7.25, 0.1, 120.0};
// 1e27 beside 0.1, with the ends of float64 that cancel.
const std::vector<Value> kHard = {1e308, 5e-324, 1e27, 0.1, -1e308};
const std::vector<Value> kTiny = {1e-200, 2e-200, 5e-200, 1e-200};
const std::vector<Value> kEnds = {kIntMax, kIntMin, int64_t{0}, int64_t{7}, kIntMax};

TEST(CountTest, RowsValuesAndTrues) {
  const std::vector<Value> values = {1.5, Value(), 2.5};
  EXPECT_EQ(Answer(On("count", Kind::kNull), SampleRows::Of(Kind::kNull, values)), "3");
  EXPECT_EQ(FloatAnswer("count", values), "2");
  const SampleRows bools = SampleRows::Of(Kind::kBool, {true, false, Value(), true});
  EXPECT_EQ(Answer(On("count_if", Kind::kBool), bools), "2");
  EXPECT_EQ(Answer(On("count_if", Kind::kBool), SampleRows(Kind::kBool)), "0");
  EXPECT_EQ(Answer(On("count", Kind::kNull), SampleRows(Kind::kNull)), "0");
}

TEST(SumTest, FloatsLoseNothing) {
  EXPECT_EQ(OfFloats("sum", kAmounts), 0x1.30ae147ae147bp+7);
  EXPECT_EQ(OfFloats("avg", kAmounts), 0x1.e77ced916872bp+4);
  EXPECT_EQ(OfFloats("sum", kHard), 0x1.9d971e4fe8402p+89);
  EXPECT_EQ(OfFloats("avg", kHard), 0x1.4adf4b7320335p+87);
  EXPECT_EQ(OfFloats("sum", {1e27, 0.1, -1e27}), 0.1);
  EXPECT_EQ(OfFloats("sum", {1e308, 5e-324, -1e308}), 5e-324);
  EXPECT_EQ(OfFloats("sum", {1e308, 1e308, -1e308}), 1e308);  // no overflow on the way
  EXPECT_EQ(OfFloats("sum", {1e308, 1e308}), kInf);
  EXPECT_EQ(FloatAnswer("sum", {-0.0}), "0.0");
  EXPECT_EQ(std::bit_cast<uint64_t>(OfFloats("sum", {-0.0, -0.0})), 0u);
}

TEST(SumTest, NaNAndInfinities) {
  EXPECT_EQ(FloatAnswer("sum", {1.0, kInf}), "Infinity");
  EXPECT_EQ(FloatAnswer("sum", {kInf, -kInf, 1.0}), "NaN");
  EXPECT_EQ(FloatAnswer("avg", {1.0, -kInf}), "-Infinity");
  EXPECT_EQ(std::bit_cast<uint64_t>(OfFloats("sum", {-kNaN, 1.0})), 0x7ff8000000000000u);
}

TEST(SumTest, IntegersAreJudgedAtTheEnd) {
  EXPECT_EQ(IntAnswer("sum", kEnds), "integer_overflow");
  EXPECT_EQ(IntAnswer("sum", {kIntMax, int64_t{1}, int64_t{-1}}), std::to_string(kIntMax));
  EXPECT_EQ(IntAnswer("sum", {kIntMin}), std::to_string(kIntMin));
  EXPECT_EQ(IntAnswer("sum", {kIntMin, int64_t{-1}}), "integer_overflow");
  EXPECT_EQ(OfInts("avg", kEnds), 0x1.999999999999ap+60);
  EXPECT_EQ(OfInts("avg", {kIntMax, kIntMax}), 0x1p63);
  const uint64_t big = std::numeric_limits<uint64_t>::max();
  const SampleRows large = SampleRows::Of(Kind::kUInt64, {big});
  EXPECT_EQ(Answer(On("sum", Kind::kUInt64), large), "integer_overflow");
  EXPECT_EQ(Number(On("avg", Kind::kUInt64), large), 0x1p64);
}

TEST(SumTest, NothingIsNull) {
  for (const char* function : {"sum", "avg", "var", "stddev_pop", "skewness"}) {
    EXPECT_EQ(FloatAnswer(function, {}), "null");
    EXPECT_EQ(FloatAnswer(function, {Value(), Value()}), "null");
    EXPECT_EQ(IntAnswer(function, {}), "null");
  }
}

TEST(MomentsTest, Amounts) {
  EXPECT_EQ(OfFloats("var", kAmounts), 0x1.3fdd6b7aa25d9p+11);
  EXPECT_EQ(OfFloats("var_pop", kAmounts), 0x1.ffc8abf76a2f5p+10);
  EXPECT_EQ(OfFloats("stddev", kAmounts), 0x1.94afa442f0bbap+5);
  EXPECT_EQ(OfFloats("stddev_pop", kAmounts), 0x1.69f65622a9b14p+5);
  EXPECT_EQ(OfFloats("skewness", kAmounts), 0x1.0fb8eeb4d4d50p+1);
  EXPECT_EQ(OfFloats("kurtosis", kAmounts), 0x1.2443cc092f4c1p+2);
}

TEST(MomentsTest, RangesThatSquaresDoNotHave) {
  EXPECT_EQ(FloatAnswer("var", kHard), "Infinity");
  EXPECT_EQ(FloatAnswer("skewness", kHard), "0.0");  // below the smallest float, and no -0.0
  EXPECT_EQ(OfFloats("kurtosis", kHard), 2.0);
  EXPECT_EQ(OfFloats("skewness", {1e308, 1e308, 0.1}), -0x1.bb67ae8584caap+0);
  EXPECT_EQ(OfFloats("var", kTiny), 0.0);  // 2.9e-400
  EXPECT_EQ(OfFloats("skewness", kTiny), 0x1.a8950409dfae0p+0);
  EXPECT_EQ(OfFloats("kurtosis", kTiny), 0x1.4ec7a64845c7dp+1);
}

TEST(MomentsTest, IntegersAreNotRoundedFirst) {
  EXPECT_EQ(OfInts("var", kEnds), 0x1.6666666666666p+125);
  EXPECT_EQ(OfInts("var_pop", kEnds), 0x1.1eb851eb851ecp+125);
  EXPECT_EQ(OfInts("stddev", kEnds), 0x1.ac5eb3f7ab2f8p+62);
  EXPECT_EQ(OfInts("skewness", kEnds), -0x1.06446e2f24e39p-1);
  EXPECT_EQ(OfInts("kurtosis", kEnds), -0x1.397829cbc14e6p-1);
  // As float64 both would be 2^53, with no variance.
  EXPECT_EQ(OfInts("var", {(int64_t{1} << 53) + 1, int64_t{1} << 53}), 0.5);
}

TEST(MomentsTest, TooFewConstantAndNotFinite) {
  EXPECT_EQ(FloatAnswer("var", {1.0}), "null");
  EXPECT_EQ(FloatAnswer("var_pop", {1.0}), "0.0");
  EXPECT_EQ(FloatAnswer("stddev", {0.1, 0.1, 0.1}), "0.0");
  EXPECT_EQ(FloatAnswer("skewness", {1.0, 2.0}), "null");
  EXPECT_EQ(FloatAnswer("kurtosis", {1.0, 2.0, 4.0}), "null");
  EXPECT_EQ(FloatAnswer("skewness", {3.0, 3.0, 3.0}), "null");
  EXPECT_EQ(FloatAnswer("kurtosis", {3.0, 3.0, 3.0, 3.0}), "null");
  EXPECT_EQ(FloatAnswer("skewness", {1.0, 2.0, 3.0}), "0.0");
  EXPECT_EQ(FloatAnswer("var", {kInf}), "null");
  EXPECT_EQ(FloatAnswer("var", {1.0, kInf}), "NaN");
  EXPECT_EQ(FloatAnswer("kurtosis", {1.0, 1.0, 1.0, kNaN}), "NaN");
}

// The seed's std is pandas' Series.std(), the sample's: pd.Series([20.0, 35.5, 12.25, 99.99, 5.0,
// 20.0]).std().hex(). Here pandas' float arithmetic and the exact one agree to the bit.
TEST(MomentsTest, SeedsStdIsTheSamples) {
  const std::vector<Value> amounts = {20.0, 35.5, 12.25, 99.99, 5.0, 20.0};
  EXPECT_EQ(OfFloats("stddev", amounts), 0x1.1617db9f7ac16p+5);
  EXPECT_EQ(OfFloats("avg", amounts), 0x1.00fc962fc9630p+5);
  EXPECT_EQ(OfFloats("sum", amounts), 0x1.817ae147ae148p+7);
  EXPECT_EQ(FloatAnswer("count", amounts), "6");
}

}  // namespace
}  // namespace millrace::aggregate
