#include "sources/cells/cell_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "sources/json/json_cell.h"

namespace millrace::sources {
namespace {

using columns::ColumnBuffer;
using columns::Type;
using columns::Value;
using features::TimestampUnit;

// The cell as text: its value by columns::ToText, or the name of its error.
std::string Show(const columns::Column& column) {
  const uint8_t cell = column.cell(0);
  if (cell > columns::kValid) return std::string(columns::ErrorName(cell));
  return columns::ToText(column.value(0), column.type);
}

std::string ReadAs(const char* type, std::string_view text,
                   TimestampUnit unit = TimestampUnit::kNone) {
  ColumnBuffer out(Type::Parse(type).ValueOrDie());
  AppendScalar(text, unit, &out);
  EXPECT_EQ(out.size(), 1);
  return Show(out.View());
}

std::string ReadJsonAs(const char* type, std::string_view text) {
  ColumnBuffer out(Type::Parse(type).ValueOrDie());
  JsonText json(TimestampUnit::kNone);
  json.Append(text, &out);
  EXPECT_EQ(out.size(), 1);
  return Show(out.View());
}

TEST(CellText, Booleans) {
  EXPECT_EQ(ReadAs("bool", "true"), "true");
  EXPECT_EQ(ReadAs("bool", " False "), "false");
  for (const char* text : {"", "1", "0", "yes", "t", "truee"}) {
    EXPECT_EQ(ReadAs("bool", text), "bad_cast") << text;
  }
}

TEST(CellText, IntegersStayInTheirRange) {
  EXPECT_EQ(ReadAs("int8", "-128"), "-128");
  EXPECT_EQ(ReadAs("int8", "128"), "bad_cast");
  EXPECT_EQ(ReadAs("int16", "32768"), "bad_cast");
  EXPECT_EQ(ReadAs("int32", "-2147483649"), "bad_cast");
  EXPECT_EQ(ReadAs("int64", "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(ReadAs("int64", "9223372036854775808"), "bad_cast");
  EXPECT_EQ(ReadAs("uint8", "255"), "255");
  EXPECT_EQ(ReadAs("uint8", "-1"), "bad_cast");
  EXPECT_EQ(ReadAs("uint32", "4294967296"), "bad_cast");
  EXPECT_EQ(ReadAs("uint64", "18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(ReadAs("uint64", "18446744073709551616"), "bad_cast");
  EXPECT_EQ(ReadAs("uint64", "-1"), "bad_cast");
}

TEST(CellText, IntegersNeverGoThroughADouble) {
  EXPECT_EQ(ReadAs("int64", "9007199254740993"), "9007199254740993");
  EXPECT_EQ(ReadAs("int64", "9007199254740993.000"), "9007199254740993");
}

TEST(CellText, IntegersOfOddForms) {
  EXPECT_EQ(ReadAs("int64", "+7"), "7");
  EXPECT_EQ(ReadAs("int64", " 7\t"), "7");
  EXPECT_EQ(ReadAs("int64", "007"), "7");
  EXPECT_EQ(ReadAs("int64", "12.0"), "12");
  for (const char* text : {"", "-", "+-7", "12.5", "12.", ".0", "1e3", "0x10", "1,000", "7 7"}) {
    EXPECT_EQ(ReadAs("int64", text), "bad_cast") << text;
  }
}

TEST(CellText, Floats) {
  EXPECT_EQ(ReadAs("float64", "0.1"), "0.1");
  EXPECT_EQ(ReadAs("float64", "-1E5"), "-100000.0");
  EXPECT_EQ(ReadAs("float64", "5e-324"), "5e-324");
  EXPECT_EQ(ReadAs("float64", "NaN"), "NaN");
  EXPECT_EQ(ReadAs("float64", "-inf"), "-Infinity");
  EXPECT_EQ(ReadAs("float64", "+1.5"), "1.5");
  for (const char* text : {"", "1e400", "-1e400", "1.5x", "0x1p3", "one", "1 5"}) {
    EXPECT_EQ(ReadAs("float64", text), "bad_cast") << text;
  }
  EXPECT_EQ(ReadAs("float32", "1e39"), "bad_cast");
}

TEST(CellText, Float32IsRoundedOnce) {
  // Halfway between two floats but for a digit that a float64 does not hold.
  ColumnBuffer out(columns::Kind::kFloat32);
  AppendScalar("1.000000059604644775390625000000001", TimestampUnit::kNone, &out);
  EXPECT_EQ(out.floats()[0], 1.0 + std::ldexp(1, -23));
}

TEST(CellText, StringsAreTakenAsTheyAre) {
  EXPECT_EQ(ReadAs("string", " a "), " a ");
  EXPECT_EQ(ReadAs("string", ""), "");
  EXPECT_EQ(ReadAs("string", "Zürich"), "Zürich");
  EXPECT_EQ(ReadAs("string", "\xff"), "bad_cast");
  EXPECT_EQ(ReadAs("string", std::string(10'240, 'x')), std::string(10'240, 'x'));
}

TEST(CellText, BytesAreBase64) {
  ColumnBuffer out(columns::Kind::kBytes);
  AppendScalar("AP8=", TimestampUnit::kNone, &out);
  EXPECT_EQ(out.strings()[0], std::string_view("\0\xff", 2));
  EXPECT_EQ(ReadAs("bytes", "!"), "bad_cast");
}

TEST(CellText, TimesOfEveryForm) {
  EXPECT_EQ(ReadAs("timestamp", "2025-01-31"), "2025-01-31T00:00:00Z");
  EXPECT_EQ(ReadAs("timestamp", "2025-01-31T10:30:00+02:00"), "2025-01-31T08:30:00Z");
  EXPECT_EQ(ReadAs("timestamp", "1969-12-31 23:59:59.9999999"), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(ReadAs("timestamp", "9999-12-31T23:59:59Z"), "9999-12-31T23:59:59Z");
  EXPECT_EQ(ReadAs("timestamp", "yesterday"), "bad_cast");
  EXPECT_EQ(ReadAs("timestamp", "2025-02-30"), "bad_cast");
  EXPECT_EQ(ReadAs("timestamp", "1738317000"), "bad_cast") << "an integer without a unit";
}

TEST(CellText, IntegersAreTimesByTheirUnit) {
  EXPECT_EQ(ReadAs("timestamp", "-1", TimestampUnit::kSeconds), "1969-12-31T23:59:59Z");
  EXPECT_EQ(ReadAs("timestamp", "1", TimestampUnit::kMillis), "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(ReadAs("timestamp", "1", TimestampUnit::kMicros), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(ReadAs("timestamp", "-1", TimestampUnit::kNanos), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(ReadAs("timestamp", "9223372036854775807", TimestampUnit::kSeconds), "bad_cast");
  EXPECT_EQ(ReadAs("timestamp", "1.5", TimestampUnit::kSeconds), "bad_cast");
  EXPECT_EQ(ReadAs("timestamp", "2025-01-31", TimestampUnit::kSeconds), "2025-01-31T00:00:00Z");
}

TEST(CellText, TimesAreIntegersOfAUnitThatHoldsThem) {
  const auto counts = [](const std::string& text) {
    std::string all;
    for (const auto unit : {TimestampUnit::kSeconds, TimestampUnit::kMillis, TimestampUnit::kMicros,
                            TimestampUnit::kNanos}) {
      const auto count = CountOf(text, unit);
      all += (all.empty() ? "" : " ") + (count.has_value() ? std::to_string(*count) : "-");
    }
    return all;
  };
  EXPECT_EQ(counts("1970-01-01T00:00:02Z"), "2 2000 2000000 2000000000");
  EXPECT_EQ(counts("1969-12-31 23:59:59+00:00"), "-1 -1000 -1000000 -1000000000");
  EXPECT_EQ(counts("1970-01-01T00:00:00.250"), "- 250 250000 250000000");
  EXPECT_EQ(counts("1970-01-01T00:00:00.000001"), "- - 1 1000");
  EXPECT_EQ(counts("1969-12-31T23:59:59.9999999"), "- - - -100");
  EXPECT_EQ(counts("1970-01-01T01:00:00,123456789+01:00"), "- - - 123456789");
  EXPECT_EQ(counts("1970-01-01T00:00:01.0000000000"), "1 1000 1000000 1000000000");
  EXPECT_EQ(counts("1970-01-01T00:00:01.0000000001"), "- - - -");
  EXPECT_EQ(counts("9999-12-31"), "253402214400 253402214400000 253402214400000000 -");
  EXPECT_EQ(counts("soon"), "- - - -");
  EXPECT_FALSE(CountOf("1970-01-01", TimestampUnit::kNone).has_value());
}

TEST(CellText, Dates) {
  EXPECT_EQ(ReadAs("date", "1969-12-31"), "1969-12-31");
  EXPECT_EQ(ReadAs("date", "2025-01-31T00:00:00Z"), "2025-01-31");
  EXPECT_EQ(ReadAs("date", "2025-01-31T00:00:01Z"), "bad_cast");
}

TEST(JsonText, Lists) {
  EXPECT_EQ(ReadJsonAs("list<int64>", "[1, null, 9007199254740993]"),
            "[1, null, 9007199254740993]");
  EXPECT_EQ(ReadJsonAs("list<int64>", "[]"), "[]");
  EXPECT_EQ(ReadJsonAs("list<list<string>>", R"([["a"], [], null])"), "[[a], [], null]");
  EXPECT_EQ(ReadJsonAs("list<timestamp>", R"(["2025-01-31"])"), "[2025-01-31T00:00:00Z]");
  EXPECT_EQ(ReadJsonAs("list<float64>", R"([1, "NaN", 1e2])"), "[1.0, NaN, 100.0]");
  EXPECT_EQ(ReadJsonAs("list<int64>", "null"), "bad_cast") << "a cell of text is not null";
}

TEST(JsonText, OneBadElementIsABadCell) {
  EXPECT_EQ(ReadJsonAs("list<int64>", R"([1, "x", 3])"), "bad_cast");
  EXPECT_EQ(ReadJsonAs("list<int8>", "[1, 128]"), "bad_cast");
  EXPECT_EQ(ReadJsonAs("list<string>", "[{}]"), "bad_cast");
}

TEST(JsonText, VectorsHaveTheirLength) {
  EXPECT_EQ(ReadJsonAs("vector<float32, 2>", "[1, 2.5]"), "[1.0, 2.5]");
  EXPECT_EQ(ReadJsonAs("vector<float32, 2>", "[1]"), "vector_length");
  EXPECT_EQ(ReadJsonAs("vector<float32, 2>", "[1, null]"), "vector_length");
  EXPECT_EQ(ReadJsonAs("vector<float32, 2>", "[1, 1e39]"), "bad_cast");
}

TEST(JsonText, MapsAreSortedByTheirKeys) {
  EXPECT_EQ(ReadJsonAs("map<int64, string>", R"({"10": "b", "9": "a"})"), "{9: a, 10: b}");
  EXPECT_EQ(ReadJsonAs("map<string, int64>", R"({"a": null})"), "{a: null}");
  EXPECT_EQ(ReadJsonAs("map<string, int64>", R"({"a": 1, "a": 2})"), "bad_cast");
  EXPECT_EQ(ReadJsonAs("map<int64, string>", R"({"x": "b"})"), "bad_cast");
}

TEST(JsonText, WhatIsNotJsonIsABadCell) {
  for (const char* text : {"", "[", "[1,]", "[1] x", "[01]", "[1.]", "[tru]", "[\"a]", "[nul]",
                           "{\"a\"}", "[-]", "[1e]", "[\"\\ud800\"]", "[1 2]", "5", "\"[]\""}) {
    EXPECT_EQ(ReadJsonAs("list<int64>", text), "bad_cast") << text;
  }
  EXPECT_EQ(ReadJsonAs("list<string>", std::string(100'000, '[')), "bad_cast");
}

std::string Written(const char* type, const Value& value) {
  ColumnBuffer one(Type::Parse(type).ValueOrDie());
  one.AppendValue(value);
  std::string text;
  AppendCellText(one.View(), 0, &text);
  return text;
}

TEST(CellText, IsWrittenAsItIsRead) {
  EXPECT_EQ(Written("float64", Value(1.0)), "1.0");
  EXPECT_EQ(Written("float64", Value(0.1)), "0.1");
  EXPECT_EQ(Written("float64", Value(1e16)), "1e+16");
  EXPECT_EQ(Written("float64", Value(std::numeric_limits<double>::infinity())), "Infinity");
  EXPECT_EQ(Written("bool", Value(true)), "true");
  EXPECT_EQ(Written("uint64", Value(UINT64_MAX)), "18446744073709551615");
  EXPECT_EQ(Written("bytes", Value(std::string("\0\xff", 2))), "AP8=");
  EXPECT_EQ(Written("timestamp", Value(int64_t{-1})), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(Written("date", Value(int64_t{-1})), "1969-12-31");
  EXPECT_EQ(Written("date", Value(int64_t{146'097 * 50})), "21970-01-01");
  EXPECT_EQ(Written("list<string>", Value(columns::ListValue{Value("a\"\n\\"), Value()})),
            R"(["a\"\u000a\\", null])");
  EXPECT_EQ(Written("list<float64>", Value(columns::ListValue{Value(std::nan("")), Value(2.0)})),
            R"(["NaN", 2.0])");
  EXPECT_EQ(
      Written("map<int64, date>", Value(columns::MapValue{{Value(int64_t{7}), Value(int64_t{0})}})),
      R"({"7": "1970-01-01"})");
}

}  // namespace
}  // namespace millrace::sources
