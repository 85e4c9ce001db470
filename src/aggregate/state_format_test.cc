// Pins the bytes of docs/formats/state.md: a state written by an older build must stay readable, so
// a change here is a change of version.
#include <gtest/gtest.h>

#include "aggregate/sample_rows.h"

namespace millrace::aggregate {
namespace {

using columns::Kind;
using columns::ListValue;

// Bytes in hexadecimal of the state of the values, one row a second from 1970 on.
std::string Stored(const std::string& function, const Type& type, const std::vector<Value>& values,
                   const std::vector<Value>& parameters = {}) {
  const SampleRows rows = SampleRows::Of(type, values);
  const auto aggregate =
      Make({.function = function, .input = type, .parameters = parameters}).ValueOrDie();
  const auto state = aggregate->NewState();
  state->Update(rows.input(), rows.rows());
  std::string hex;
  for (const char c : EncodedState(*state)) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[static_cast<uint8_t>(c) >> 4];
    hex += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return hex;
}

const std::vector<Value> kInts = {int64_t{3}, int64_t{-1}, int64_t{3}};

TEST(StateFormatTest, Empty) {
  for (const Function& function : Functions()) {
    for (const Type& type : {Type(), Type(Kind::kFloat64), Type(Kind::kBool), Type::Vector(2)}) {
      Call call{.function = std::string(function.name), .input = type, .parameters = {}};
      if (function.parameters > 0) call.parameters.emplace_back(int64_t{1});
      const auto made = Make(call);
      if (made.ok()) {
        EXPECT_EQ(EncodedState(*(*made)->NewState()), std::string("\x01\0", 2)) << function.name;
      }
    }
  }
}

TEST(StateFormatTest, CountsAndSums) {
  EXPECT_EQ(Stored("count", Kind::kInt64, kInts), "0103");
  EXPECT_EQ(Stored("sum", Kind::kInt64, kInts),
            "01"
            "03"
            "020005");
  EXPECT_EQ(Stored("sum", Kind::kFloat64, {19.99, 5.0}),
            "01"
            "02"
            "00"
            "0e5f3d0ad7a370fd18");
  EXPECT_EQ(Stored("avg", Kind::kFloat64, {-1.0 / 0.0, 0.5}),
            "01"
            "02"
            "01000001"
            "020101");
  EXPECT_EQ(Stored("var", Kind::kInt64, kInts),
            "01"
            "03"
            "00"
            "020005"
            "020013");
  EXPECT_EQ(Stored("kurtosis", Kind::kFloat64, {2.0}),
            "01"
            "01"
            "00"
            "020201"
            "020401"
            "020601"
            "020801");
}

TEST(StateFormatTest, Values) {
  EXPECT_EQ(Stored("min", Kind::kInt64, kInts),
            "01"
            "01"
            "01");
  EXPECT_EQ(Stored("max", Kind::kString, {"ab"}),
            "01"
            "01"
            "026162");
  EXPECT_EQ(
      Stored("max", Type::List(Kind::kString), {Value(ListValue{std::string("a\0", 2), Value()})}),
      "01"
      "01"
      "08"
      "02"
      "610001"
      "0000"
      "01"
      "00");
  EXPECT_EQ(Stored("min", Type::Vector(2), {Value(ListValue{1.0, -1.0})}),
            "01"
            "01"
            "08"
            "bf800000"
            "407fffff");
  EXPECT_EQ(Stored("nunique", Kind::kInt64, kInts),
            "01"
            "02"
            "01"
            "04");
  EXPECT_EQ(Stored("nunique", Kind::kFloat64, {1.0, -0.0}),
            "01"
            "02"
            "0000000000000000"
            "000000000000f03f");
  EXPECT_EQ(Stored("histogram", Kind::kInt64, kInts),
            "01"
            "02"
            "0101"
            "0402");
  EXPECT_EQ(Stored("percentile", Kind::kInt64, {int64_t{1}}, {0.5}),
            "01"
            "01"
            "000000000000f03f"
            "01");
  EXPECT_EQ(Stored("any", Kind::kBool, {true, false}),
            "01"
            "03");
}

TEST(StateFormatTest, Sketches) {
  // XXH3_64bits of 03 00 00 00 00 00 00 00: top 12 bits 1241, rank of the rest 3.
  EXPECT_EQ(Stored("approx_nunique", Kind::kInt64, {int64_t{3}}),
            "01"
            "01"
            "c3ec04");
  // 1.0: b = 0x3ff0 << 2 = 65472, + 2^17 = 196544; -1.0: 2^18 - 1 - (65472 + 2^17) = 65599.
  EXPECT_EQ(Stored("approx_percentile", Kind::kFloat64, {1.0, -1.0, 1.0}, {0.5}),
            "01"
            "02"
            "bf8004"
            "01"
            "80ff07"
            "02");
}

TEST(StateFormatTest, TimesAndVectors) {
  EXPECT_EQ(Stored("last_k", Kind::kInt64, kInts, {int64_t{2}}),
            "01"
            "04"
            "80897a"
            "01"
            "c0843d"
            "06");
  EXPECT_EQ(Stored("time_since_last", Kind::kNull, {{}, {}}),
            "01"
            "01"
            "80897a");
  EXPECT_EQ(Stored("mean_gap", Kind::kNull, {{}, {}}),
            "01"
            "02"
            "00"
            "c0843d");
  EXPECT_EQ(Stored("ewma", Kind::kInt64, kInts, {int64_t{1'000'000}}),
            "01"
            "03"
            "00"
            "00"
            "020003"
            "020001"
            "01"
            "00"
            "030001"
            "020001"
            "01"
            "00"
            "020003"
            "020001");
  EXPECT_EQ(Stored("vector_avg", Type::Vector(2), {Value(ListValue{0.5, 0.0})}),
            "01"
            "01"
            "00"
            "020101"
            "00"
            "00");
}

TEST(StateFormatTest, CreatedIsStoredAfterTheTime) {
  columns::ColumnBuffer values(Kind::kInt64);
  values.AppendInt(7);
  const base::EventTime time = base::EventTime::Micros(100);
  const base::EventTime created = base::EventTime::Micros(98);
  const auto last =
      Make({.function = "last", .input = Kind::kInt64, .parameters = {}}).ValueOrDie();
  const auto state = last->NewState();
  state->Update({.value = values.View(), .times = &time, .created = &created},
                std::vector<int64_t>{0});
  EXPECT_EQ(EncodedState(*state), std::string("\x01\x03\xc8\x01\x03\x0e", 6));
}

}  // namespace
}  // namespace millrace::aggregate
