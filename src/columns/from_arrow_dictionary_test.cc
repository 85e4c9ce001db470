// Dictionary arrays as columns: cells, strings and codes.
#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "columns/arrow_column.h"

namespace millrace::columns {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<arrow::Array> Words(const std::vector<const char*>& words) {
  arrow::StringBuilder builder;
  for (const char* word : words) {
    EXPECT_TRUE((word == nullptr ? builder.AppendNull() : builder.Append(word)).ok());
  }
  return builder.Finish().ValueOrDie();
}

template <typename Builder = arrow::Int32Builder>
std::shared_ptr<arrow::Array> Coded(const std::vector<std::optional<int>>& indices,
                                    std::shared_ptr<arrow::Array> values) {
  Builder builder;
  for (const auto& index : indices) {
    EXPECT_TRUE((index ? builder.Append(*index) : builder.AppendNull()).ok());
  }
  const auto array = builder.Finish().ValueOrDie();
  return std::make_shared<arrow::DictionaryArray>(arrow::dictionary(array->type(), values->type()),
                                                  array, values);
}

std::vector<std::string> Cells(const Column& column) {
  std::vector<std::string> cells;
  for (int64_t i = 0; i < column.size; ++i) {
    cells.push_back(column.valid(i) ? std::string(column.strings[i]) : "-");
  }
  return cells;
}

std::vector<int32_t> Codes(const Column& column) {
  return column.codes == nullptr ? std::vector<int32_t>()
                                 : std::vector(column.codes, column.codes + column.size);
}

TEST(FromDictionary, IndicesAreTheCodes) {
  const auto array = Coded({1, 0, 1}, Words({"a", "b"}));
  const OwnedColumn column = FromArrow(array, Kind::kString).ValueOrDie();
  EXPECT_THAT(Cells(column.view), ElementsAre("b", "a", "b"));
  EXPECT_EQ(column.view.code_count, 2);
  const auto& indices = *static_cast<const arrow::DictionaryArray&>(*array).indices();
  EXPECT_EQ(column.view.codes, indices.data()->GetValues<int32_t>(1)) << "not copied";
}

TEST(FromDictionary, ASliceHasItsOwnRows) {
  const auto array = Coded({1, 0, std::nullopt, 1}, Words({"a", "b"}))->Slice(1, 2);
  const OwnedColumn column = FromArrow(array, Kind::kString).ValueOrDie();
  EXPECT_THAT(Cells(column.view), ElementsAre("a", "-"));
  EXPECT_EQ(Codes(column.view).front(), 0);
}

TEST(FromDictionary, CodesOfNullsAreInRange) {
  arrow::Int32Builder builder;
  ASSERT_TRUE(builder.AppendValues({1, 99}, {true, false}).ok());
  const auto array =
      std::make_shared<arrow::DictionaryArray>(arrow::dictionary(arrow::int32(), arrow::utf8()),
                                               builder.Finish().ValueOrDie(), Words({"a", "b"}));
  const OwnedColumn column = FromArrow(array, Kind::kString).ValueOrDie();
  EXPECT_THAT(Cells(column.view), ElementsAre("b", "-"));
  EXPECT_THAT(Codes(column.view), ElementsAre(1, 0));
}

TEST(FromDictionary, IndicesOfAnyWidth) {
  const OwnedColumn small =
      FromArrow(Coded<arrow::Int8Builder>({1, 0}, Words({"a", "b"})), Kind::kString).ValueOrDie();
  EXPECT_THAT(Cells(small.view), ElementsAre("b", "a"));
  EXPECT_THAT(Codes(small.view), ElementsAre(1, 0));
  const OwnedColumn large =
      FromArrow(Coded<arrow::UInt64Builder>({1, {}}, Words({"a", "b"})), Kind::kString)
          .ValueOrDie();
  EXPECT_THAT(Cells(large.view), ElementsAre("b", "-"));
}

TEST(FromDictionary, NoCodesWhereTwoOfThemWouldBeOneString) {
  const OwnedColumn column =
      FromArrow(Coded({0, 1, 2}, Words({"a", "b", "a"})), Kind::kString).ValueOrDie();
  EXPECT_THAT(Cells(column.view), ElementsAre("a", "b", "a"));
  EXPECT_EQ(column.view.codes, nullptr);
}

TEST(FromDictionary, ANullValueMakesNullCells) {
  const OwnedColumn column =
      FromArrow(Coded({0, 1, {}}, Words({nullptr, "b"})), Kind::kString).ValueOrDie();
  EXPECT_THAT(Cells(column.view), ElementsAre("-", "b", "-"));
  EXPECT_EQ(column.view.codes, nullptr);
}

TEST(FromDictionary, NoRowsAndNoValues) {
  EXPECT_EQ(FromArrow(Coded({}, Words({})), Kind::kString).ValueOrDie().view.size, 0);
  const OwnedColumn nulls = FromArrow(Coded({{}, {}}, Words({})), Kind::kString).ValueOrDie();
  EXPECT_THAT(Cells(nulls.view), ElementsAre("-", "-"));
  EXPECT_EQ(nulls.view.codes, nullptr);
}

TEST(FromDictionary, ValuesOfOtherTypes) {
  arrow::Int64Builder builder;
  ASSERT_TRUE(builder.AppendValues({7, 8}).ok());
  const OwnedColumn column =
      FromArrow(Coded({1, {}, 0}, builder.Finish().ValueOrDie()), Kind::kInt64).ValueOrDie();
  EXPECT_EQ(column.view.ints[0], 8);
  EXPECT_FALSE(column.view.valid(1));
  EXPECT_EQ(column.view.ints[2], 7);
}

TEST(FromDictionary, AnIndexOutsideIsCorrupt) {
  for (const int index : {-1, 2, 1'000'000}) {
    const auto column = FromArrow(Coded({0, index}, Words({"a", "b"})), Kind::kString);
    ASSERT_FALSE(column.ok());
    EXPECT_EQ(base::ProblemsOf(column.status()).front().code, base::codes::kCorrupt);
  }
}

}  // namespace
}  // namespace millrace::columns
