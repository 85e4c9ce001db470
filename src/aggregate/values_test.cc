// min, max, distinct, ordered, frequency and percentile functions: values that can be checked by
// eye, and percentiles from plain Python:
//   xs = sorted([19.99, 5.0, 7.25, 0.1, 120.0]); h = p*(len(xs)-1); k = math.floor(h)
//   (xs[k] if h == k else xs[k] + (h-k)*(xs[k+1]-xs[k])).hex()
#include <gtest/gtest.h>

#include <limits>

#include "aggregate/sample_rows.h"

namespace millrace::aggregate {
namespace {

using columns::Kind;
using columns::ListValue;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string Ask(const std::string& function, const Type& type, const std::vector<Value>& values,
                const std::vector<Value>& parameters = {}) {
  return Answer({.function = function, .input = type, .parameters = parameters},
                SampleRows::Of(type, values));
}

TEST(ExtremumTest, OrderOfValues) {
  EXPECT_EQ(Ask("min", Kind::kFloat64, {kNaN, 2.0, -kInf}), "-Infinity");
  EXPECT_EQ(Ask("max", Kind::kFloat64, {kNaN, kInf}), "NaN");
  EXPECT_EQ(Ask("min", Kind::kFloat64, {kNaN}), "NaN");
  EXPECT_EQ(Ask("min", Kind::kFloat64, {-0.0, 0.0}), "0.0");
  EXPECT_EQ(Ask("max", Kind::kBool, {false, true, Value()}), "true");
  EXPECT_EQ(Ask("min", Kind::kString, {"b", "", "a"}), "");
  EXPECT_EQ(Ask("max", Kind::kString, {"z", "\xc3\xa9"}), "\xc3\xa9");
  EXPECT_EQ(Ask("min", Kind::kInt64, {std::numeric_limits<int64_t>::min(), int64_t{0}}),
            "-9223372036854775808");
  EXPECT_EQ(Ask("max", Kind::kUInt64, {std::numeric_limits<uint64_t>::max(), uint64_t{0}}),
            "18446744073709551615");
  EXPECT_EQ(Ask("max", Kind::kInt8, {int64_t{-1}, int64_t{-128}}), "-1");
  EXPECT_EQ(Ask("max", Kind::kString, {Value()}), "null");
}

TEST(ExtremumTest, ListsElementByElementThenByLength) {
  const Type list = Type::List(Kind::kInt64);
  const Value one = ListValue{int64_t{1}};
  const Value one_null = ListValue{int64_t{1}, Value()};
  const Value one_two = ListValue{int64_t{1}, int64_t{2}};
  EXPECT_EQ(Ask("min", list, {one_two, one, one_null}), "[1]");
  EXPECT_EQ(Ask("max", list, {one_two, one, one_null}), "[1, 2]");
  EXPECT_EQ(Ask("max", list, {one, one_null}), "[1, null]");
  EXPECT_EQ(Ask("min", list, {one, ListValue{}}), "[]");
  const Type texts = Type::List(Kind::kString);
  const Value ab_c = ListValue{"ab", "c"};
  const Value a_bc = ListValue{"a", "bc"};
  const Value a_zero = ListValue{std::string("a\0", 2)};
  EXPECT_EQ(Ask("min", texts, {ab_c, a_bc}), "[a, bc]");
  EXPECT_EQ(Ask("nunique", texts, {ab_c, a_bc, ab_c}), "2");
  EXPECT_EQ(Ask("min", texts, {a_zero, ListValue{"a", "z"}}), "[a, z]");
}

TEST(DistinctTest, OneZeroOneNaN) {
  EXPECT_EQ(Ask("nunique", Kind::kFloat64, {0.0, -0.0, kNaN, -kNaN, 1.0, Value()}), "3");
  EXPECT_EQ(Ask("collect_distinct", Kind::kFloat64, {kNaN, -0.0, 2.5, 2.5, -1.0}),
            "[-1.0, 0.0, 2.5, NaN]");
  EXPECT_EQ(Ask("collect_distinct", Kind::kString, {"b", "", "a", "b"}), "['', a, b]");
  EXPECT_EQ(Ask("nunique", Kind::kString, {}), "0");
  EXPECT_EQ(Ask("collect_distinct", Kind::kString, {Value()}), "null");
  // The seed: window_df["category"].nunique(), which leaves nulls out.
  EXPECT_EQ(Ask("nunique", Kind::kString, {"books", "toys", "books", Value()}), "2");
}

TEST(ApproxNuniqueTest, SmallCountsAreRightAndLargeOnesNear) {
  EXPECT_EQ(Ask("approx_nunique", Kind::kString, {}), "0");
  std::vector<Value> values;
  for (int64_t i = 0; i < 10; ++i) values.emplace_back(i % 5);
  EXPECT_EQ(Ask("approx_nunique", Kind::kInt64, values), "5");
  EXPECT_EQ(Ask("approx_nunique", Kind::kFloat64, {0.0, -0.0, kNaN, -kNaN}), "2");
  values.clear();
  for (int64_t i = 0; i < 100'000; ++i) values.emplace_back(i * 7919);
  const auto found = std::stoll(Ask("approx_nunique", Kind::kInt64, values));
  EXPECT_NEAR(static_cast<double>(found), 100'000, 100'000 * 0.05);  // 3 x 1.04 / sqrt(4096)
}

TEST(ApproxNuniqueTest, DenseRegistersAreStoredPacked) {
  std::vector<Value> values;
  for (int64_t i = 0; i < 3000; ++i) values.emplace_back(i);
  const SampleRows rows = SampleRows::Of(Kind::kInt64, values);
  const auto aggregate =
      Make({.function = "approx_nunique", .input = Kind::kInt64, .parameters = {}}).ValueOrDie();
  const auto state = aggregate->NewState();
  state->Update(rows.input(), rows.rows());
  const std::string bytes = EncodedState(*state);
  EXPECT_EQ(bytes.size(), 1u + 2u + 3072u);
  base::ByteReader reader(bytes);
  const auto decoded = aggregate->DecodeState(&reader);
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(EncodedState(**decoded), bytes);
  std::string broken = bytes;
  broken[3] = static_cast<char>(0xff);  // rank 63
  base::ByteReader other(broken);
  EXPECT_FALSE(aggregate->DecodeState(&other).ok());
}

TEST(OrderedTest, EventTimeThenCreatedThenValue) {
  SampleRows rows(Kind::kString);
  for (const char* value : {"m", "b", "a", "c"}) rows.Add(value, base::EventTime::Micros(10));
  rows.Add("early", base::EventTime::Micros(-10));
  rows.Add(Value(), base::EventTime::Micros(99));
  const auto ask = [&](const std::string& function, std::vector<Value> parameters) {
    return Answer({.function = function, .input = Kind::kString, .parameters = parameters}, rows);
  };
  EXPECT_EQ(ask("first", {}), "early");
  EXPECT_EQ(ask("last", {}), "m");
  EXPECT_EQ(ask("first_k", {int64_t{3}}), "[early, a, b]");
  EXPECT_EQ(ask("last_k", {int64_t{3}}), "[b, c, m]");
  EXPECT_EQ(ask("last_k", {int64_t{1'000'000'000'000}}), "[early, a, b, c, m]");
}

TEST(OrderedTest, CreatedDecidesBeforeTheValue) {
  columns::ColumnBuffer values(Kind::kInt64);
  for (const int64_t value : {1, 2, 3}) values.AppendInt(value);
  const std::vector<base::EventTime> times(3, base::EventTime::Micros(5));
  const std::vector<base::EventTime> created = {
      base::EventTime::Micros(9), base::EventTime::Micros(7), base::EventTime::Micros(8)};
  const Input input{.value = values.View(), .times = times.data(), .created = created.data()};
  const auto last =
      Make({.function = "last", .input = Kind::kInt64, .parameters = {}}).ValueOrDie();
  const auto state = last->NewState();
  state->Update(input, std::vector<int64_t>{0, 1, 2});
  columns::ColumnBuffer out(Kind::kInt64);
  state->Finalize({}, &out);
  EXPECT_EQ(out.View().ints[0], 1);
}

TEST(FrequencyTest, CountDescendingValueAscending) {
  const std::vector<Value> values = {"b", "c", "a", "c", "b", Value()};
  EXPECT_EQ(Ask("mode", Kind::kString, values), "b");
  EXPECT_EQ(Ask("top_k", Kind::kString, values, {int64_t{2}}), "[b, c]");
  EXPECT_EQ(Ask("top_k", Kind::kString, values, {int64_t{9}}), "[b, c, a]");
  EXPECT_EQ(Ask("histogram", Kind::kString, values), "{a: 1, b: 2, c: 2}");
  EXPECT_EQ(Ask("histogram", Kind::kFloat64, {-0.0, kNaN, 0.0, -kNaN, -1.0}),
            "{-1.0: 1, 0.0: 2, NaN: 2}");
  EXPECT_EQ(Ask("mode", Kind::kBool, {true, false}), "false");
  EXPECT_EQ(Ask("histogram", Kind::kString, {}), "null");
}

TEST(PercentileTest, Interpolates) {
  const std::vector<Value> amounts = {19.99, 5.0, 7.25, 0.1, 120.0};
  const auto ask = [&](double p) {
    return Number({.function = "percentile", .input = Kind::kFloat64, .parameters = {p}},
                  SampleRows::Of(Kind::kFloat64, amounts));
  };
  EXPECT_EQ(ask(0), 0.1);
  EXPECT_EQ(ask(0.1), 0x1.07ae147ae147bp+1);
  EXPECT_EQ(ask(0.25), 5.0);
  EXPECT_EQ(ask(0.5), 7.25);
  EXPECT_EQ(ask(0.9), 0x1.3ffbe76c8b43ap+6);
  EXPECT_EQ(ask(0.99), 0x1.cfff972474539p+6);
  EXPECT_EQ(ask(1), 120.0);
  EXPECT_EQ(Ask("percentile", Kind::kInt64, {int64_t{1}, int64_t{2}}, {0.5}), "1.5");
  EXPECT_EQ(Ask("percentile", Kind::kInt64, {int64_t{1}, int64_t{2}}, {int64_t{1}}), "2.0");
  EXPECT_EQ(Ask("percentile", Kind::kFloat64, {1.0, kNaN}, {0.0}), "1.0");
  EXPECT_EQ(Ask("percentile", Kind::kFloat64, {1.0, kNaN}, {0.5}), "NaN");
  EXPECT_EQ(Ask("percentile", Kind::kFloat64, {-kInf, kInf}, {0.5}), "NaN");
  EXPECT_EQ(Ask("percentile", Kind::kFloat64, {Value()}, {0.5}), "null");
}

// The middle of the bucket, from plain Python: b = struct.unpack('<Q', struct.pack('<d', x))[0] >>
// 46; struct.unpack('<d', struct.pack('<Q', b << 46 | 1 << 45))[0].hex()
TEST(ApproxPercentileTest, MiddleOfTheBucket) {
  const auto ask = [](std::vector<Value> values, double p) {
    return Number({.function = "approx_percentile", .input = Kind::kFloat64, .parameters = {p}},
                  SampleRows::Of(Kind::kFloat64, values));
  };
  EXPECT_EQ(ask({19.99}, 0.5), 0x1.3e00000000000p+4);
  EXPECT_EQ(ask({5.0}, 0.5), 0x1.4200000000000p+2);
  EXPECT_EQ(ask({0.1}, 0.5), 0x1.9a00000000000p-4);
  EXPECT_EQ(ask({-3.7}, 0.5), -0x1.da00000000000p+1);
  EXPECT_EQ(ask({1e308}, 0.5), 0x1.1e00000000000p+1023);
  EXPECT_EQ(ask({-5e-324, 1e-310, -0.0}, 0.5), 0.0);
  EXPECT_EQ(ask({kInf, -kInf}, 0), -kInf);
  EXPECT_EQ(ask({kInf, -kInf}, 1), kInf);
  EXPECT_EQ(Ask("approx_percentile", Kind::kFloat64, {kNaN, kInf}, {1.0}), "NaN");
  // Rank floor(p * (n - 1)) in the order of values.
  EXPECT_EQ(ask({-3.7, 5.0, 19.99}, 0.5), 0x1.4200000000000p+2);
  EXPECT_EQ(ask({-3.7, 5.0, 19.99}, 0.49), -0x1.da00000000000p+1);
}

TEST(BooleanTest, AnyAndAll) {
  EXPECT_EQ(Ask("any", Kind::kBool, {false, true, Value()}), "true");
  EXPECT_EQ(Ask("any", Kind::kBool, {false, Value()}), "false");
  EXPECT_EQ(Ask("all", Kind::kBool, {true, Value()}), "true");
  EXPECT_EQ(Ask("all", Kind::kBool, {true, false}), "false");
  EXPECT_EQ(Ask("all", Kind::kBool, {Value()}), "null");
}

}  // namespace
}  // namespace millrace::aggregate
