// Unit tests of columns: types, values, their texts and bytes, and the way to Arrow and back.
#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include "columns/arrow_column.h"
#include "columns/event_batch.h"
#include "columns/float_text.h"

namespace millrace::columns {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Type TypeOf(const char* text) {
  base::Result<Type> type = Type::Parse(text);
  EXPECT_TRUE(type.ok()) << type.status();
  return type.ok() ? *type : Type();
}

Value Read(const char* text, const char* type) {
  base::Result<Value> value = FromText(text, TypeOf(type));
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *value : Value();
}

// One column holding every kind of cell its type has, and a null.
Column Sample(ColumnBuffer* buffer, const std::vector<Value>& values) {
  for (const Value& value : values) buffer->AppendValue(value);
  buffer->AppendNull();
  return buffer->View();
}

struct Cells {
  const char* type;
  std::vector<const char*> texts;
};
const std::vector<Cells>& Samples() {
  static const std::vector<Cells> kSamples = {
      {"bool", {"true", "false"}},
      {"int8", {"-128", "127"}},
      {"int16", {"-32768"}},
      {"int32", {"-2147483648", "2147483647"}},
      {"int64", {"-9223372036854775808", "9223372036854775807"}},
      {"uint8", {"255"}},
      {"uint16", {"65535"}},
      {"uint32", {"4294967295"}},
      {"uint64", {"18446744073709551615", "0"}},
      {"float32", {"0.5", "-Infinity"}},
      {"float64", {"0.1", "5e-324", "1e+308", "NaN", "Infinity"}},
      {"string", {"", "naïve", "null hypothesis"}},
      {"bytes", {"xyz"}},
      {"date", {"1969-12-31", "2024-02-29"}},
      {"timestamp", {"1969-12-31T23:59:59.999999Z", "2025-01-31T10:30:00Z"}},
      {"list<int64>", {"[]", "[1, 2, null]"}},
      {"list<string>", {"['a, b', c, 'it''s', '']"}},
      {"list<list<float64>>", {"[[1.0], [], [2.5, NaN]]"}},
      {"vector<float32, 2>", {"[1.0, -2.5]"}},
      {"map<string, int64>", {"{}", "{a: 1, 'b c': null}"}},
  };
  return kSamples;
}

TEST(Type, ReadsBackItsOwnName) {
  for (const Cells& sample : Samples()) EXPECT_EQ(TypeOf(sample.type).ToString(), sample.type);
  for (const char* text :
       {"", "integer", "list", "list<>", "list<int64", "vector<float64, 3>", "vector<float32, 0>",
        "map<int64>", "map<map<int64, int64>, int64>", "null", "duration", "int64 x"}) {
    EXPECT_FALSE(Type::Parse(text).ok()) << text;
  }
  EXPECT_THAT(Type::Parse("flaot64").status().message(), testing::HasSubstr("'float64'"));
}

TEST(Type, ComparesByStructure) {
  EXPECT_EQ(TypeOf("list<list<int8>>"), TypeOf("list<list<int8>>"));
  EXPECT_FALSE(TypeOf("list<list<int8>>") == TypeOf("list<list<int16>>"));
  EXPECT_FALSE(TypeOf("vector<float32, 2>") == TypeOf("vector<float32, 3>"));
  EXPECT_FALSE(TypeOf("map<string, int8>") == TypeOf("map<bytes, int8>"));
}

TEST(Value, TextsAndBytesReadBackToTheSameBits) {
  for (const Cells& sample : Samples()) {
    const Type type = TypeOf(sample.type);
    for (const char* text : sample.texts) {
      const Value value = Read(text, sample.type);
      EXPECT_EQ(ToText(value, type), text) << sample.type;
      base::ByteWriter out;
      Encode(value, type, &out);
      base::ByteReader in(out.bytes());
      const base::Result<Value> decoded = DecodeValue(type, &in);
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_TRUE(SameBits(*decoded, value)) << text;
      EXPECT_TRUE(in.AtEnd());
      for (size_t cut = 0; cut < out.bytes().size(); ++cut) {
        base::ByteReader part(std::string_view(out.bytes()).substr(0, cut));
        EXPECT_FALSE(DecodeValue(type, &part).ok()) << text << " cut at " << cut;
      }
    }
  }
}

TEST(Value, RefusesTextsOfAnotherType) {
  EXPECT_FALSE(FromText("128", Kind::kInt8).ok());
  EXPECT_FALSE(FromText("-1", Kind::kUInt8).ok());
  EXPECT_FALSE(FromText("1.5", Kind::kInt64).ok());
  EXPECT_FALSE(FromText("True", Kind::kBool).ok());
  EXPECT_FALSE(FromText("2025-02-30", Kind::kDate).ok());
  EXPECT_FALSE(FromText("[1.0]", TypeOf("vector<float32, 2>")).ok());
}

TEST(Value, OrderPutsNullFirstAndNanLast) {
  const std::vector<Value> ascending = {Value(),    Value(-kInf), Value(-1.0),
                                        Value(0.0), Value(kInf),  Value(kNan)};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(Compare(ascending[i], ascending[j]) < 0, i < j) << i << " " << j;
    }
  }
  EXPECT_EQ(Compare(Value(-0.0), Value(0.0)), std::weak_ordering::equivalent);
  EXPECT_TRUE(Compare(Read("[1]", "list<int64>"), Read("[1, 0]", "list<int64>")) < 0);
  EXPECT_TRUE(Compare(Read("[1, 9]", "list<int64>"), Read("[2]", "list<int64>")) < 0);
}

TEST(FloatText, IsPythonsRepr) {
  // python: [repr(x) for x in (1.0, 0.1, 1e16, 1e15, 1e-5, 0.0001, 123456789012345680.0, -2.5e-10)]
  EXPECT_EQ(FloatText(1.0), "1.0");
  EXPECT_EQ(FloatText(0.1), "0.1");
  EXPECT_EQ(FloatText(1e16), "1e+16");
  EXPECT_EQ(FloatText(1e15), "1000000000000000.0");
  EXPECT_EQ(FloatText(1e-5), "1e-05");
  EXPECT_EQ(FloatText(0.0001), "0.0001");
  EXPECT_EQ(FloatText(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(FloatText(-2.5e-10), "-2.5e-10");
  EXPECT_EQ(FloatText(-0.0), "-0.0");
  EXPECT_EQ(FloatText(1234.5), "1234.5");
  EXPECT_EQ(FloatText(kNan), "NaN");
}

// What is left of a number's text without sign, point, exponent and zeros at its ends.
std::string DigitsOf(std::string text) {
  text = text.substr(0, text.find('e'));
  std::erase_if(text, [](char c) { return c == '-' || c == '.'; });
  text.erase(0, text.find_first_not_of('0'));
  return text.erase(text.find_last_not_of('0') + 1);
}

TEST(FloatText, IsTheShortestThatReadsBack) {
  std::mt19937_64 random(11);
  const auto number = [&]() -> double {
    const auto integer = static_cast<double>(static_cast<int64_t>(random() >> (random() % 60)));
    switch (random() % 5) {
      case 0:
        return std::bit_cast<double>(random());
      case 1:
        return integer / 16;
      case 2:
        return -integer / std::pow(10, static_cast<double>(random() % 7));
      case 3:  // next to a short one
        return std::nextafter(integer / 100, kInf);
      default:
        return integer * 5;
    }
  };
  for (int i = 0; i < 200'000; ++i) {
    const double value = number();
    if (!std::isfinite(value) || value == 0) continue;
    const std::string text = FloatText(value);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    std::array<char, 40> shortest;
    const auto end =
        std::to_chars(shortest.begin(), shortest.end(), value, std::chars_format::scientific).ptr;
    ASSERT_EQ(DigitsOf(text), DigitsOf({shortest.data(), end}));
    const double magnitude = std::fabs(value);
    const bool plain = magnitude >= 1e-4 && magnitude < 1e16;
    ASSERT_EQ(text.find('e') == std::string::npos, plain) << text;
    ASSERT_TRUE(!plain || text.find('.') < text.size() - 1) << text;
  }
}

TEST(FloatText, ReadsExtremes) {
  EXPECT_EQ(*ParseFloat("1e400"), kInf);
  EXPECT_EQ(*ParseFloat("-1e400"), -kInf);
  EXPECT_EQ(*ParseFloat("1e-400"), 0.0);
  EXPECT_EQ(*ParseFloat("1e-99999"), 0.0);
  EXPECT_EQ(*ParseFloat("1e99999"), kInf);
  EXPECT_EQ(*ParseFloat("+2"), 2.0);
  EXPECT_TRUE(std::isnan(*ParseFloat("nan")));
  for (const char* text : {"", "+", "1x", "--1", "+-1", " 1", "1e"}) {
    EXPECT_FALSE(ParseFloat(text).has_value()) << text;
  }
}

TEST(Column, GoesToArrowAndBack) {
  for (const Cells& sample : Samples()) {
    const Type type = TypeOf(sample.type);
    std::vector<Value> values;
    for (const char* text : sample.texts) values.push_back(Read(text, sample.type));
    ColumnBuffer buffer(type);
    const Column column = Sample(&buffer, values);
    const auto array = ToArrow(column);
    ASSERT_TRUE(array.ok()) << array.status();
    ASSERT_TRUE((*array)->ValidateFull().ok()) << sample.type;
    EXPECT_TRUE((*array)->type()->Equals(*type.ToArrow()));
    EXPECT_EQ(*Type::FromArrow(*(*array)->type()), type);
    const auto back = FromArrow((*array)->Slice(0), type);
    ASSERT_TRUE(back.ok()) << back.status();
    // A slice must read from its own offset.
    const auto tail = FromArrow((*array)->Slice(1), type);
    ASSERT_TRUE(tail.ok()) << tail.status();
    for (int64_t i = 0; i < column.size; ++i) {
      EXPECT_TRUE(SameBits(back->view.value(i), column.value(i))) << sample.type << " row " << i;
      if (i == 0) continue;
      EXPECT_TRUE(SameBits(tail->view.value(i - 1), column.value(i))) << sample.type;
    }
  }
}

TEST(Column, CanonicalBytesAreThoseOfTheSemantics) {
  std::string bytes;
  AppendCanonicalBytes(Value(int64_t{1}), Kind::kInt8, &bytes);
  EXPECT_EQ(bytes, std::string("\1\0\0\0\0\0\0\0", 8));
  bytes.clear();
  AppendCanonicalBytes(Value(-0.0), Kind::kFloat32, &bytes);
  EXPECT_EQ(bytes, std::string(8, '\0'));
  bytes.clear();
  AppendCanonicalBytes(Read("['', b]", "list<string>"), TypeOf("list<string>"), &bytes);
  EXPECT_EQ(bytes, std::string("\2\0\0\0\0\0\0\0b", 9));
  EXPECT_EQ(std::bit_cast<uint64_t>(CanonicalFloat(-kNan)), 0x7ff8000000000000u);
}

TEST(Column, ErrorCellsBecomeNullInArrow) {
  ColumnBuffer buffer(Kind::kInt64);
  buffer.AppendInt(1);
  buffer.AppendCell(kIntegerOverflow);
  const auto array = *ToArrow(buffer.View());
  EXPECT_EQ(array->null_count(), 1);
  EXPECT_TRUE(array->IsNull(1));
  EXPECT_EQ(ErrorName(buffer.View().cell(1)), "integer_overflow");
}

TEST(Column, ReadsTimestampsOfAnyUnit) {
  const auto read = [](arrow::TimeUnit::type unit, int64_t value) {
    arrow::TimestampBuilder builder(arrow::timestamp(unit, "America/New_York"),
                                    arrow::default_memory_pool());
    EXPECT_TRUE(builder.Append(value).ok());
    return *FromArrow(*builder.Finish(), Kind::kTimestamp);
  };
  EXPECT_EQ(read(arrow::TimeUnit::NANO, -1).view.ints[0], -1);
  EXPECT_EQ(read(arrow::TimeUnit::NANO, 1'999).view.ints[0], 1);
  EXPECT_EQ(read(arrow::TimeUnit::MILLI, 2).view.ints[0], 2'000);
  EXPECT_EQ(read(arrow::TimeUnit::SECOND, -3).view.ints[0], -3'000'000);
  EXPECT_EQ(read(arrow::TimeUnit::SECOND, INT64_MAX).view.cell(0), kBadCast);
}

TEST(Column, WidensButNeverNarrows) {
  arrow::Int32Builder builder;
  ASSERT_TRUE(builder.AppendValues({1, -2}).ok());
  const std::shared_ptr<arrow::Array> array = *builder.Finish();
  EXPECT_EQ(FromArrow(array, Kind::kInt64)->view.ints[1], -2);
  EXPECT_EQ(FromArrow(array, Kind::kFloat64)->view.floats[1], -2.0);
  for (const Kind kind : {Kind::kInt16, Kind::kUInt32, Kind::kUInt64, Kind::kFloat32, Kind::kString,
                          Kind::kTimestamp, Kind::kBool}) {
    const auto refused = FromArrow(array, kind);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(base::ProblemsOf(refused.status())[0].code, base::codes::kTypeMismatch);
  }
}

TEST(Column, ReadsDictionariesOfStrings) {
  arrow::StringDictionaryBuilder builder;
  for (const char* text : {"a", "b", "a"}) ASSERT_TRUE(builder.Append(text).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  const OwnedColumn column = *FromArrow(*builder.Finish(), Kind::kString);
  EXPECT_EQ(column.view.strings[2], "a");
  EXPECT_FALSE(column.view.valid(3));
}

TEST(Column, VectorsOfAnotherLengthAreErrorCells) {
  arrow::ListBuilder builder(arrow::default_memory_pool(), std::make_shared<arrow::FloatBuilder>());
  auto* floats = static_cast<arrow::FloatBuilder*>(builder.value_builder());
  ASSERT_TRUE(builder.Append().ok() && floats->AppendValues({1.f, 2.f}).ok());
  ASSERT_TRUE(builder.Append().ok() && floats->AppendValues({1.f}).ok());
  ASSERT_TRUE(builder.Append().ok() && floats->Append(1.f).ok() && floats->AppendNull().ok());
  const OwnedColumn column = *FromArrow(*builder.Finish(), Type::Vector(2));
  EXPECT_TRUE(column.view.valid(0));
  EXPECT_EQ(column.view.cell(1), kVectorLength);
  EXPECT_EQ(column.view.cell(2), kVectorLength);
}

TEST(ColumnBuffer, KeepsStringsAcrossGrowthAndClear) {
  ColumnBuffer buffer(Kind::kString);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5'000; ++i) buffer.AppendString("value " + std::to_string(i));
    EXPECT_EQ(buffer.View().strings[0], "value 0");
    EXPECT_EQ(buffer.View().strings[4'999], "value 4999");
    buffer.Clear();
    EXPECT_EQ(buffer.size(), 0);
  }
}

TEST(RejectedRows, CountsByReasonAndKeepsFewExamples) {
  RejectedRows a;
  for (int i = 0; i < 9; ++i) a.Add("source s", "null_key", "row " + std::to_string(i));
  RejectedRows b;
  b.Add("source s", "null_key", "row 100");
  b.Add("view v", "bad_cast", "row 1", 3);
  a.Merge(b);
  ASSERT_EQ(a.reasons.size(), 2u);
  EXPECT_EQ(a.reasons[0].count, 10);
  EXPECT_EQ(a.reasons[0].examples.size(), RejectedRows::kExamplesMax);
  EXPECT_EQ(a.total(), 13);
}

}  // namespace
}  // namespace millrace::columns
