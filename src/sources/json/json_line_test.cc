#include "sources/json/json_line.h"

#include <gtest/gtest.h>

#include <string>

#include "sources/folder_testing.h"

namespace millrace::sources {
namespace {

using columns::ColumnBuffer;
using columns::Type;
using features::TimestampUnit;

struct Column {
  const char* path;
  const char* type;
};

// The cells of one line, joined by "|"; or why it is malformed.
std::string ReadLine(const std::vector<Column>& columns, const std::string& text,
                     TimestampUnit unit = TimestampUnit::kNone) {
  std::vector<WantedColumn> wanted;
  std::vector<ColumnBuffer> out;
  for (const Column& column : columns) {
    const Type type = Type::Parse(column.type).ValueOrDie();
    wanted.push_back({column.path, column.path, type, true});
    out.emplace_back(type);
  }
  auto line = JsonLine::Make(wanted, unit);
  if (!line.ok()) return CodeOf(line.status());
  const std::string why = line->Read(text, &out);
  std::string shown = why;
  for (const ColumnBuffer& buffer : out) {
    EXPECT_EQ(buffer.size(), 1) << text;
    if (!why.empty() || buffer.size() != 1) continue;
    const columns::Column view = buffer.View();
    if (!shown.empty()) shown += "|";
    shown += view.cell(0) > columns::kValid ? std::string(columns::ErrorName(view.cell(0)))
                                            : columns::ToText(view.value(0), view.type);
  }
  for (const BadText& bad : line->bad_texts()) shown += " ~" + bad.text;
  return shown;
}

TEST(JsonLine, FieldsInAnyOrderUnknownOnesIgnored) {
  const std::vector<Column> columns = {{"a", "int64"}, {"b", "string"}};
  EXPECT_EQ(ReadLine(columns, R"({"a": 1, "b": "x"})"), "1|x");
  EXPECT_EQ(ReadLine(columns, R"({"b": "x", "z": {"a": [1, {"b": null}]}, "a": 1})"), "1|x");
  EXPECT_EQ(ReadLine(columns, R"({"a": null})"), "null|null");
  EXPECT_EQ(ReadLine(columns, "{}\r"), "null|null");
  EXPECT_EQ(ReadLine(columns, R"({"\u0061": 2, "b": "\u00fc\n"})"), "2|ü\n");
}

TEST(JsonLine, IntegersKeepEveryDigit) {
  EXPECT_EQ(ReadLine({{"a", "int64"}}, R"({"a": 9007199254740993})"), "9007199254740993");
  EXPECT_EQ(ReadLine({{"a", "uint64"}}, R"({"a": 18446744073709551615})"), "18446744073709551615");
  EXPECT_EQ(ReadLine({{"a", "int64"}}, R"({"a": "9007199254740993"})"), "9007199254740993");
  EXPECT_EQ(ReadLine({{"a", "string"}}, R"({"a": 18446744073709551616})"), "18446744073709551616");
  EXPECT_EQ(ReadLine({{"a", "float64"}}, R"({"a": 18446744073709551616})"),
            "1.8446744073709552e+19");
}

TEST(JsonLine, ABadCellLeavesTheOthers) {
  const std::vector<Column> columns = {{"a", "int64"}, {"b", "string"}};
  EXPECT_EQ(ReadLine(columns, R"({"a": "x", "b": "y"})"), "bad_cast|y ~x");
  EXPECT_EQ(ReadLine(columns, R"({"a": 1.5 , "b": "y"})"), "bad_cast|y ~1.5");
  EXPECT_EQ(ReadLine(columns, R"({"a": 9223372036854775808, "b": "y"})"),
            "bad_cast|y ~9223372036854775808");
  EXPECT_EQ(ReadLine(columns, R"({"a": true, "b": 1.5})"), "bad_cast|bad_cast ~true ~1.5");
  EXPECT_EQ(ReadLine(columns, R"({"a": [1], "b": {}})"), "bad_cast|bad_cast ~[…] ~{…}");
  EXPECT_EQ(ReadLine({{"a", "float64"}}, R"({"a": 1e400})"), "a number beyond float64");
}

TEST(JsonLine, NestedPaths) {
  const std::vector<Column> columns = {{"context.device", "string"}, {"context.at.city", "string"}};
  EXPECT_EQ(ReadLine(columns, R"({"context": {"at": {"city": "Ulm"}, "device": "tv"}})"), "tv|Ulm");
  EXPECT_EQ(ReadLine(columns, R"({"context": {"device": "tv", "at": null}})"), "tv|null");
  EXPECT_EQ(ReadLine(columns, R"({"context": null})"), "null|null");
  EXPECT_EQ(ReadLine(columns, R"({"context": 5})"), "bad_cast|bad_cast");
  EXPECT_EQ(ReadLine(columns, R"({"context.device": "tv"})"), "tv|null");
}

TEST(JsonLine, OneFieldForTwoColumns) {
  std::vector<WantedColumn> wanted = {{"a", "x", columns::Kind::kString},
                                      {"b", "x", columns::Kind::kString}};
  std::vector<ColumnBuffer> out;
  for (int i = 0; i < 2; ++i) out.emplace_back(columns::Kind::kString);
  auto line = JsonLine::Make(wanted, TimestampUnit::kNone).ValueOrDie();
  EXPECT_EQ(line.Read(R"({"x": "v"})", &out), "");
  EXPECT_EQ(out[0].strings()[0], "v");
  EXPECT_EQ(out[1].strings()[0], "v");
  EXPECT_EQ(ReadLine({{"x", "string"}, {"x.y", "string"}}, "{}"), "type_mismatch");
}

TEST(JsonLine, Times) {
  EXPECT_EQ(ReadLine({{"t", "timestamp"}}, R"({"t": "2025-01-31T10:00:00Z"})"),
            "2025-01-31T10:00:00Z");
  EXPECT_EQ(ReadLine({{"t", "timestamp"}}, R"({"t": 1})"), "bad_cast ~1");
  EXPECT_EQ(ReadLine({{"t", "timestamp"}}, R"({"t": 1})", TimestampUnit::kSeconds),
            "1970-01-01T00:00:01Z");
  EXPECT_EQ(ReadLine({{"t", "int64"}}, R"({"t": 1})", TimestampUnit::kSeconds), "1");
}

TEST(JsonLine, WhatIsNoObjectIsMalformed) {
  const std::vector<Column> columns = {{"a", "int64"}, {"l", "list<int64>"}};
  for (const char* text : {"",
                           "{",
                           "x",
                           R"({"a": 1)",
                           R"({"a": 1} x)",
                           R"({"a": 1}{"a": 2})",
                           R"({"a" 1})",
                           R"({"a": 1,})",
                           R"({"b":tru})",
                           R"({"b":01})",
                           R"({"b":1.})",
                           R"({"b":-})",
                           R"({"b":"x})",
                           R"({"b":"\x"})",
                           R"({"b":nul})",
                           R"({"b":nulll})",
                           R"({a: 1})",
                           R"({"a": 1 2})",
                           R"({"l": [1, 2})",
                           R"({"l": [1 2]})",
                           R"({"a": 1, "a": 2})",
                           "[1]",
                           "5",
                           "null",
                           "\"a\"",
                           "{\"b\": \"\xff\"}",
                           R"({"b": [[1, {"c": tru}]]})",
                           R"({"a": +1})",
                           R"({"b": NaN})",
                           R"({"b":"tab	"})"}) {
    const std::string why = ReadLine(columns, text);
    EXPECT_TRUE(why.starts_with("not JSON") || why.starts_with("not a JSON object") ||
                why == "text behind the object" || why == "field 'a' twice")
        << text << " -> " << why;
  }
}

TEST(JsonLine, DeepNestingIsNoCrash) {
  std::string deep = R"({"z": )";
  deep += std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_EQ(ReadLine({{"a", "int64"}}, deep), "null");
  EXPECT_EQ(ReadLine({{"z", "int64"}}, deep), "bad_cast ~[…]");
  EXPECT_EQ(ReadLine({{"a", "int64"}}, deep.substr(0, 150'000)), "not JSON");
}

}  // namespace
}  // namespace millrace::sources
