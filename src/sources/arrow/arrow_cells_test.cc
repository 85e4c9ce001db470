#include "sources/arrow/arrow_cells.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "sources/folder_testing.h"

namespace millrace::sources {
namespace {

using columns::Type;
using features::TimestampUnit;

std::string Show(const columns::Column& column) {
  std::string shown;
  for (int64_t i = 0; i < column.size; ++i) {
    if (i > 0) shown += "|";
    shown += column.cell(i) > columns::kValid ? std::string(columns::ErrorName(column.cell(i)))
                                              : columns::ToText(column.value(i), column.type);
  }
  return shown;
}

std::string ReadAs(const char* type, const std::shared_ptr<arrow::Array>& array,
                   TimestampUnit unit = TimestampUnit::kNone) {
  const Type to = Type::Parse(type).ValueOrDie();
  const auto column = ReadArray(array, to, unit);
  EXPECT_EQ(column.ok(), CheckReadable(*array->type(), to, unit).ok());
  return column.ok() ? Show(column->view) : CodeOf(column.status());
}

template <typename Builder, typename T>
std::shared_ptr<arrow::Array> Make(std::shared_ptr<arrow::DataType> type,
                                   const std::vector<T>& values) {
  Builder builder(type, arrow::default_memory_pool());
  for (const T& value : values) EXPECT_TRUE(builder.Append(value).ok());
  EXPECT_TRUE(builder.AppendNull().ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Texts(const std::vector<std::string>& texts) {
  return Make<arrow::StringBuilder>(arrow::utf8(), texts);
}
std::shared_ptr<arrow::Array> Longs(const std::vector<int64_t>& values) {
  return Make<arrow::Int64Builder>(arrow::int64(), values);
}
std::shared_ptr<arrow::Array> Doubles(const std::vector<double>& values) {
  return Make<arrow::DoubleBuilder>(arrow::float64(), values);
}

TEST(ArrowCells, TextAsEveryType) {
  EXPECT_EQ(ReadAs("int64", Texts({"1", "x"})), "1|bad_cast|null");
  EXPECT_EQ(ReadAs("timestamp", Texts({"2025-01-31", ""})), "2025-01-31T00:00:00Z|bad_cast|null");
  EXPECT_EQ(ReadAs("bool", Texts({"true"})), "true|null");
  EXPECT_EQ(ReadAs("list<int64>", Texts({"[1, 2]", "["})), "[1, 2]|bad_cast|null");
  EXPECT_EQ(ReadAs("string", Texts({"a", "\xff", ""})), "a|bad_cast||null");
}

TEST(ArrowCells, BinaryIsTextIfItIsUtf8) {
  const auto binary = Make<arrow::BinaryBuilder, std::string>(arrow::binary(), {"a", "\xff"});
  EXPECT_EQ(ReadAs("string", binary), "a|bad_cast|null");
  const auto large = Make<arrow::LargeBinaryBuilder, std::string>(arrow::large_binary(), {"a"});
  EXPECT_EQ(ReadAs("string", large), "a|null");
}

TEST(ArrowCells, IntegersThatFit) {
  EXPECT_EQ(ReadAs("int8", Longs({127, 128, -129})), "127|bad_cast|bad_cast|null");
  EXPECT_EQ(ReadAs("uint64", Longs({1, -1})), "1|bad_cast|null");
  EXPECT_EQ(ReadAs("string", Longs({-7})), "-7|null");
  EXPECT_EQ(ReadAs("float64", Longs({1, 9007199254740992, 9007199254740993, INT64_MAX})),
            "1.0|9007199254740992.0|bad_cast|bad_cast|null");
  EXPECT_EQ(ReadAs("float32", Longs({16777216, 16777217})), "16777216.0|bad_cast|null");
  const auto large = Make<arrow::UInt64Builder, uint64_t>(arrow::uint64(), {1, UINT64_MAX});
  EXPECT_EQ(ReadAs("int64", large), "1|bad_cast|null");
  EXPECT_EQ(ReadAs("string", large), "1|18446744073709551615|null");
  EXPECT_EQ(ReadAs("float64", large), "1.0|bad_cast|null");
}

TEST(ArrowCells, IntegersAreTimesByTheirUnitAlone) {
  EXPECT_EQ(ReadAs("timestamp", Longs({1})), "type_mismatch");
  EXPECT_EQ(ReadAs("timestamp", Longs({-1, INT64_MAX}), TimestampUnit::kSeconds),
            "1969-12-31T23:59:59Z|bad_cast|null");
  EXPECT_EQ(ReadAs("timestamp", Longs({-1}), TimestampUnit::kNanos),
            "1969-12-31T23:59:59.999999Z|null");
}

TEST(ArrowCells, FloatsThatAreIntegers) {
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ReadAs("int64", Doubles({3, 3.5, inf, 0x1p63, -0x1p63})),
            "3|bad_cast|bad_cast|bad_cast|-9223372036854775808|null");
  EXPECT_EQ(ReadAs("uint64", Doubles({0x1p63, 0x1p64, -1})),
            "9223372036854775808|bad_cast|bad_cast|null");
  EXPECT_EQ(ReadAs("int8", Doubles({127, 128})), "127|bad_cast|null");
  EXPECT_EQ(ReadAs("float32", Doubles({0.5, 1e39, inf})), "0.5|bad_cast|Infinity|null");
  EXPECT_EQ(ReadAs("string", Doubles({0.5})), "type_mismatch");
}

TEST(ArrowCells, DecimalsWhenDeclared) {
  const auto type = arrow::decimal128(10, 2);
  arrow::Decimal128Builder builder(type);
  ASSERT_TRUE(builder.Append(arrow::Decimal128(1250)).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  const auto array = builder.Finish().ValueOrDie();
  EXPECT_EQ(ReadAs("float64", array), "12.5|null");
  EXPECT_EQ(ReadAs("string", array), "12.50|null");
  EXPECT_EQ(ReadAs("int64", array), "type_mismatch");
  EXPECT_EQ(ReadAs("float32", array), "type_mismatch");
}

TEST(ArrowCells, TimestampsOfEveryUnitAndZone) {
  const auto times = [](arrow::TimeUnit::type unit, const char* zone, std::vector<int64_t> values) {
    return Make<arrow::TimestampBuilder, int64_t>(arrow::timestamp(unit, zone), values);
  };
  EXPECT_EQ(ReadAs("timestamp", times(arrow::TimeUnit::NANO, "", {-1})),
            "1969-12-31T23:59:59.999999Z|null");
  EXPECT_EQ(ReadAs("timestamp", times(arrow::TimeUnit::MILLI, "Europe/Berlin", {1})),
            "1970-01-01T00:00:00.001Z|null");
  EXPECT_EQ(ReadAs("timestamp", times(arrow::TimeUnit::SECOND, "UTC", {1, INT64_MAX})),
            "1970-01-01T00:00:01Z|bad_cast|null");
  EXPECT_EQ(ReadAs("int64", times(arrow::TimeUnit::MICRO, "", {1})), "type_mismatch");
  const auto dates = Make<arrow::Date32Builder, int32_t>(arrow::date32(), {-1});
  EXPECT_EQ(ReadAs("timestamp", dates), "1969-12-31T00:00:00Z|null");
  EXPECT_EQ(ReadAs("date", dates), "1969-12-31|null");
}

TEST(ArrowCells, ListsOfOtherElements) {
  auto values = std::make_shared<arrow::DoubleBuilder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), values);
  for (const auto& list : std::vector<std::vector<double>>{{1, 2}, {3}, {4, 1e39}, {}}) {
    ASSERT_TRUE(builder.Append().ok());
    for (const double value : list) ASSERT_TRUE(values->Append(value).ok());
  }
  ASSERT_TRUE(builder.AppendNull().ok());
  const auto array = builder.Finish().ValueOrDie();
  EXPECT_EQ(ReadAs("vector<float32, 2>", array),
            "[1.0, 2.0]|vector_length|bad_cast|vector_length|null");
  EXPECT_EQ(ReadAs("list<float32>", array), "[1.0, 2.0]|[3.0]|bad_cast|[]|null");
  EXPECT_EQ(ReadAs("list<int64>", array->Slice(1)), "[3]|bad_cast|[]|null");
  EXPECT_EQ(ReadAs("list<string>", array), "type_mismatch");
}

TEST(ArrowCells, MapsAreSorted) {
  auto keys = std::make_shared<arrow::StringBuilder>();
  auto items = std::make_shared<arrow::Int64Builder>();
  arrow::MapBuilder builder(arrow::default_memory_pool(), keys, items);
  const auto add = [&](const char* key, int64_t item) {
    ASSERT_TRUE(keys->Append(key).ok());
    ASSERT_TRUE(items->Append(item).ok());
  };
  ASSERT_TRUE(builder.Append().ok());
  add("b", 2);
  add("a", 1);
  ASSERT_TRUE(builder.Append().ok());
  add("a", 1);
  add("a", 2);
  ASSERT_TRUE(builder.AppendNull().ok());
  const auto array = builder.Finish().ValueOrDie();
  EXPECT_EQ(ReadAs("map<string, int64>", array), "{a: 1, b: 2}|bad_cast|null");
  EXPECT_EQ(ReadAs("map<string, int8>", array->Slice(1)), "bad_cast|null");
}

TEST(ArrowCells, DictionariesAreTheirValues) {
  const auto dictionary = [](std::shared_ptr<arrow::Array> values) {
    return arrow::DictionaryArray::FromArrays(
               arrow::dictionary(arrow::int8(), values->type()),
               Make<arrow::Int8Builder, int8_t>(arrow::int8(), {1, 0, 2}), values)
        .ValueOrDie();
  };
  EXPECT_EQ(ReadAs("string", dictionary(Texts({"a", "b"}))), "b|a|null|null");
  EXPECT_EQ(ReadAs("int64", dictionary(Texts({"1", "x"}))), "bad_cast|1|null|null");
  EXPECT_EQ(ReadAs("float64", dictionary(Doubles({0.5, 1.5}))), "1.5|0.5|null|null");
}

TEST(ArrowCells, NullsAreOfEveryType) {
  const auto nulls = std::make_shared<arrow::NullArray>(2);
  for (const char* type : {"bool", "int64", "string", "timestamp", "list<int64>",
                           "vector<float32, 2>", "map<string, int64>"}) {
    EXPECT_EQ(ReadAs(type, nulls), "null|null") << type;
  }
}

}  // namespace
}  // namespace millrace::sources
