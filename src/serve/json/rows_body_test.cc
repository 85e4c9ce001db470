// Columns of a push or write as rows, and the times of Feast's clients among them.
#include "serve/json/rows_body.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "serve/json/json_value.h"

namespace millrace::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kRowsMax = 3;

base::Result<std::vector<std::string>> Rows(std::string body) {
  simdjson::dom::parser parser;
  ARROW_ASSIGN_OR_RAISE(const BodyFields fields, BodyFields::Parse(&parser, &body));
  const auto field_of = [](std::string_view column) -> RowField {
    if (column == "left_out") return {};
    if (column == "theirs") return {"our\"s"};
    if (column == "seconds") return {"at", true, features::TimestampUnit::kSeconds};
    if (column == "millis") return {"at", true, features::TimestampUnit::kMillis};
    return {std::string(column), column.starts_with("time")};
  };
  return RowsOf(fields, field_of, kRowsMax);
}

std::vector<std::string> Of(const std::string& df) {
  return Rows(R"({"df": )" + df + "}").ValueOrDie();
}

std::string CodeOf(const std::string& body) {
  return std::string(base::ProblemsOf(Rows(body).status())[0].code.name);
}

TEST(RowsBody, OneObjectARow) {
  EXPECT_THAT(
      Of(R"({"a": [1, null, "x"], "theirs": [[1.5], {"k": true}, -0.0], "left_out": [1, 2, 3]})"),
      ElementsAre(R"({"a":1,"our\"s":[1.5]})", R"({"a":null,"our\"s":{"k":true}})",
                  R"({"a":"x","our\"s":-0.0})"));
  EXPECT_THAT(Of(R"({"left_out": [1, 2]})"), ElementsAre("{}", "{}"));
  EXPECT_THAT(Of(R"({"a": []})"), IsEmpty());
  EXPECT_THAT(Of("{}"), IsEmpty());
}

TEST(RowsBody, FeastsTimes) {
  EXPECT_THAT(
      Of(R"({"time": [1795741200, -1, "2026-01-01T00:00:00"]})"),
      ElementsAre(R"({"time":"2026-11-27T01:00:00Z"})", R"({"time":"1969-12-31T23:59:59Z"})",
                  R"({"time":"2026-01-01T00:00:00"})"));
  EXPECT_THAT(Of(R"({"time": [-9223372036854775808, "NaT", null]})"),
              ElementsAre(R"({"time":null})", R"({"time":null})", R"({"time":null})"));
  EXPECT_THAT(Of(R"({"times": [[0, null, -9223372036854775808], []]})"),
              ElementsAre(R"({"times":["1970-01-01T00:00:00Z",null,null]})", R"({"times":[]})"));
}

TEST(RowsBody, WhatIsNoTimeStaysAsItIs) {
  EXPECT_THAT(
      Of(R"({"time": [1.5, 9223372036854775807, {"a": 1}]})"),
      ElementsAre(R"({"time":1.5})", R"({"time":9223372036854775807})", R"({"time":{"a":1}})"));
  EXPECT_THAT(Of(R"({"a": [1795741200, "NaT"]})"),
              ElementsAre(R"({"a":1795741200})", R"({"a":"NaT"})"));
}

TEST(RowsBody, TimesAsIntegersOfAUnit) {
  EXPECT_THAT(Of(R"({"millis": ["2026-11-27T01:00:00.25", "2026-11-27 02:00:00+01:00", -1]})"),
              ElementsAre(R"({"at":1795741200250})", R"({"at":1795741200000})", R"({"at":-1000})"));
  EXPECT_THAT(Of(R"({"seconds": ["NaT", null, -9223372036854775808]})"),
              ElementsAre(R"({"at":null})", R"({"at":null})", R"({"at":null})"));
}

TEST(RowsBody, ATimeThatItsUnitDoesNotHoldIsRefusedByRowAndColumn) {
  const auto refused = [](const std::string& times) {
    return base::ProblemsOf(Rows(R"({"df": {"seconds": )" + times + "}}").status())[0].message;
  };
  EXPECT_EQ(refused(R"([0, "2026-11-27T01:00:00.25"])"),
            "row 2: column 'at' is \"2026-11-27T01:00:00.25\"; expected a time (ISO-8601) that is "
            "a whole number of seconds");
  for (const char* times :
       {R"(["soon"])", "[1.5]", "[[0]]", R"(["2026-11-27T01:00:00.0000001"])"}) {
    EXPECT_EQ(CodeOf(R"({"df": {"seconds": )" + std::string(times) + "}}"), "bad_value") << times;
  }
}

TEST(RowsBody, WhatIsNoTable) {
  EXPECT_EQ(CodeOf("{}"), "missing_field");
  EXPECT_EQ(CodeOf(R"({"df": [1]})"), "bad_value");
  EXPECT_EQ(CodeOf(R"({"df": {"a": 1}})"), "bad_value");
  EXPECT_EQ(CodeOf(R"({"df": {"a": [1], "b": [1, 2]}})"), "bad_value");
  EXPECT_EQ(CodeOf(R"({"df": {"a": [1], "left_out": [1, 2]}})"), "bad_value");
  EXPECT_EQ(CodeOf(R"({"df": {"a": [1], "a": [2]}})"), "bad_value");
  EXPECT_EQ(CodeOf(R"({"df": {"a": [1, 2, 3, 4]}})"), "too_large");
}

}  // namespace
}  // namespace millrace::serve
