#include "features/entity_key.h"

#include <gtest/gtest.h>

#include <set>

namespace millrace::features {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::Type;
using columns::Value;

TEST(EncodeKey, LengthsKeepPartsApart) {
  ColumnBuffer first(Kind::kString);
  ColumnBuffer second(Kind::kString);
  for (const auto& [a, b] :
       {std::pair("a", "bc"), std::pair("ab", "c"), std::pair("abc", ""), std::pair("", "abc")}) {
    first.AppendString(a);
    second.AppendString(b);
  }
  const std::vector<Column> columns = {first.View(), second.View()};
  std::set<std::string> keys;
  std::string key;
  for (int64_t row = 0; row < 4; ++row) {
    EXPECT_TRUE(EncodeKey(columns, row, &key));
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), 4u);
  EXPECT_EQ(*keys.rbegin(), std::string("\3abc\0", 5));
}

TEST(EncodeKey, NullAndErrorCellsHaveNoKeyAndNoColumnsHaveTheGlobalOne) {
  ColumnBuffer column(Kind::kInt64);
  column.AppendNull();
  column.AppendCell(columns::kBadCast);
  const std::vector<Column> columns = {column.View()};
  std::string key = "old";
  EXPECT_FALSE(EncodeKey(columns, 0, &key));
  EXPECT_EQ(key, "");
  EXPECT_FALSE(EncodeKey(columns, 1, &key));
  EXPECT_TRUE(EncodeKey(std::span<const Column>(), 0, &key));
  EXPECT_EQ(key, "");
}

TEST(EncodeKey, WidthsOfIntegersAreOneKeyAndZeroIsOneZero) {
  std::string narrow;
  std::string wide;
  const std::vector<Value> seven = {Value(int64_t{7})};
  EXPECT_TRUE(EncodeKey(seven, std::vector<Type>{Kind::kInt8}, &narrow));
  EXPECT_TRUE(EncodeKey(seven, std::vector<Type>{Kind::kInt64}, &wide));
  EXPECT_EQ(narrow, wide);
  ColumnBuffer floats(Kind::kFloat64);
  floats.AppendFloat(0.0);
  floats.AppendFloat(-0.0);
  const std::vector<Column> columns = {floats.View()};
  EXPECT_TRUE(EncodeKey(columns, 0, &narrow));
  EXPECT_TRUE(EncodeKey(columns, 1, &wide));
  EXPECT_EQ(narrow, wide);
}

TEST(DecodeKey, IsTheInverse) {
  const std::vector<Type> types = {Kind::kString, Kind::kInt32,   Kind::kUInt64,
                                   Kind::kBool,   Kind::kFloat64, Kind::kTimestamp};
  for (const size_t length : {0, 1, 127, 128, 300, 10'000, 20'000}) {
    const std::vector<Value> values = {Value(std::string(length, 'k')),
                                       Value(int64_t{-3}),
                                       Value(~uint64_t{0}),
                                       Value(true),
                                       Value(1.5),
                                       Value(int64_t{-1})};
    std::string key;
    ASSERT_TRUE(EncodeKey(values, types, &key));
    const auto decoded = DecodeKey(key, types);
    ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
    for (size_t i = 0; i < values.size(); ++i) EXPECT_TRUE(SameBits((*decoded)[i], values[i]));
    EXPECT_FALSE(DecodeKey(key + "x", types).ok());
    EXPECT_FALSE(DecodeKey(key.substr(0, key.size() - 1), types).ok());
  }
}

}  // namespace
}  // namespace millrace::features
