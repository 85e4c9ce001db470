#include "online/answer_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace millrace::online {
namespace {

using base::EventTime;
using columns::ColumnBuffer;
using columns::Kind;
using columns::ListValue;
using columns::MapValue;
using columns::OwnedColumn;
using columns::Type;
using columns::Value;
using nlohmann::json;

constexpr int64_t kNoon = 1'735'732'800'000'000;  // 2025-01-01T12:00:00Z

OwnedColumn ColumnOf(const Type& type, const std::vector<Value>& values) {
  ColumnBuffer buffer(type);
  for (const Value& value : values) buffer.AppendValue(value);
  return columns::Own(std::move(buffer));
}

void AddColumn(const std::string& name, const Type& type, const std::vector<Value>& values,
               Answer* answer) {
  AnswerColumn& column = answer->columns.emplace_back();
  column.name = answer->Keep(name);
  column.values = answer->Keep(ColumnOf(type, values));
  std::vector<CellStatus> statuses;
  for (const Value& value : values) {
    statuses.push_back(value.is_null() ? CellStatus::kNullValue : CellStatus::kPresent);
  }
  column.statuses = answer->Keep(std::move(statuses));
  column.event_times = answer->Keep(std::vector<EventTime>(values.size()));
}

// The values of one column as text.
std::string Values(const Type& type, const std::vector<Value>& values, bool feast = false) {
  Answer answer;
  answer.rows = static_cast<int64_t>(values.size());
  AddColumn("f", type, values, &answer);
  const std::string text = ToJson(answer, {.empty_list_is_null = feast});
  EXPECT_TRUE(json::accept(text)) << text;
  const std::string begin = R"("results":[{"values":)";
  const size_t from = text.find(begin) + begin.size();
  return text.substr(from, text.find(R"(,"statuses":)") - from);
}

TEST(AnswerJson, TheWholeOfAnAnswer) {
  const OwnedColumn users = ColumnOf(Kind::kString, {"u1", "u2", "u3", Value()});
  Answer answer;
  answer.rows = 4;
  answer.commit = 7;
  AddColumn("sum_7d", Kind::kFloat64, {3.0, Value(), Value(), Value()}, &answer);
  answer.columns[0].statuses =
      answer.Keep(std::vector{CellStatus::kPresent, CellStatus::kNullValue, CellStatus::kNotFound,
                              CellStatus::kOutsideMaxAge});
  std::vector<EventTime> times(4);
  times[0] = EventTime::Micros(kNoon + 250'000);
  answer.columns[0].event_times = answer.Keep(times);
  const std::string text = ToJson(answer, {.keys = {{"user_id", users.view}},
                                           .request_id = "r-1",
                                           .as_of = EventTime::Micros(kNoon),
                                           .registry_version = 3});
  EXPECT_EQ(text, R"({"metadata":{"feature_names":["user_id","sum_7d"],"request_id":"r-1",)"
                  R"("as_of":"2025-01-01T12:00:00Z","commit":7,"registry_version":3},"results":[)"
                  R"({"values":["u1","u2","u3",null],)"
                  R"("statuses":["PRESENT","PRESENT","PRESENT","PRESENT"],)"
                  R"("event_timestamps":["1970-01-01T00:00:00Z","1970-01-01T00:00:00Z",)"
                  R"("1970-01-01T00:00:00Z","1970-01-01T00:00:00Z"]},)"
                  R"({"values":[3.0,null,null,null],)"
                  R"("statuses":["PRESENT","NULL_VALUE","NOT_FOUND","OUTSIDE_MAX_AGE"],)"
                  R"("event_timestamps":["2025-01-01T12:00:00.250Z","1970-01-01T00:00:00Z",)"
                  R"("1970-01-01T00:00:00Z","1970-01-01T00:00:00Z"]}]})");
  EXPECT_EQ(json::parse(text)["results"][1]["values"][0], 3.0);
}

TEST(AnswerJson, ColumnsThatShareTheirTimesAndStatuses) {
  Answer answer;
  answer.rows = 4;
  for (const char* name : {"a", "b", "c", "d"}) {
    AddColumn(name, Kind::kInt64, std::vector<Value>(4), &answer);
  }
  const EventTime noon = EventTime::Micros(kNoon);
  const EventTime later = EventTime::Micros(kNoon + 1);
  const auto shared = answer.Keep(std::vector{noon, noon, later, noon});
  answer.columns[0].event_times = shared;
  answer.columns[1].event_times = shared;
  answer.columns[3].event_times = shared;
  answer.columns[1].statuses = answer.columns[0].statuses;
  answer.columns[2].statuses =
      answer.Keep(std::vector{CellStatus::kNotFound, CellStatus::kNullValue, CellStatus::kNotFound,
                              CellStatus::kOutsideMaxAge});
  const std::string text = ToJson(answer, {});
  const json results = json::parse(text)["results"];
  const json times = {"2025-01-01T12:00:00Z", "2025-01-01T12:00:00Z", "2025-01-01T12:00:00.000001Z",
                      "2025-01-01T12:00:00Z"};
  const std::string epoch = "1970-01-01T00:00:00Z";
  EXPECT_EQ(results[0]["event_timestamps"], times);
  EXPECT_EQ(results[1]["event_timestamps"], times);
  EXPECT_EQ(results[2]["event_timestamps"], (json{epoch, epoch, epoch, epoch}));
  EXPECT_EQ(results[3]["event_timestamps"], times);
  const json null = "NULL_VALUE";
  EXPECT_EQ(results[0]["statuses"], (json{null, null, null, null}));
  EXPECT_EQ(results[1]["statuses"], results[0]["statuses"]);
  EXPECT_EQ(results[2]["statuses"], (json{"NOT_FOUND", null, "NOT_FOUND", "OUTSIDE_MAX_AGE"}));
  EXPECT_EQ(results[3]["statuses"], results[0]["statuses"]);
}

TEST(AnswerJson, TimesThatEachRowHasAndNoRequestId) {
  const OwnedColumn times = ColumnOf(Kind::kTimestamp, {Value(kNoon), Value()});
  Answer answer;
  answer.rows = 2;
  const json parsed = json::parse(ToJson(answer, {.as_of_rows = times.view}));
  EXPECT_EQ(parsed["metadata"]["as_of"], json::parse(R"(["2025-01-01T12:00:00Z", null])"));
  EXPECT_TRUE(parsed["metadata"]["request_id"].is_null());
  EXPECT_EQ(parsed["results"], json::array());
}

TEST(AnswerJson, FloatsAreFloatsAndReadBackToTheBit) {
  EXPECT_EQ(Values(Kind::kFloat64, {1.0, 0.1, 1e16, 1e-5, -0.0, 0.1 + 0.2}),
            "[1.0,0.1,1e+16,1e-05,-0.0,0.30000000000000004]");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Values(Kind::kFloat64, {std::nan(""), kInfinity, -kInfinity}),
            R"(["NaN","Infinity","-Infinity"])");
  const double awkward = std::nextafter(1.0 / 3, 1);
  const json parsed =
      json::parse(Values(Kind::kFloat64, {awkward, 5e-324, 1.7976931348623157e308}));
  EXPECT_EQ(parsed[0].get<double>(), awkward);
  EXPECT_EQ(parsed[1].get<double>(), 5e-324);
  EXPECT_EQ(parsed[2].get<double>(), 1.7976931348623157e308);
}

TEST(AnswerJson, ListsVectorsAndMaps) {
  const Type list = Type::List(Kind::kFloat64);
  const std::vector<Value> lists = {ListValue{1.0, Value(), std::nan("")}, ListValue{}, Value()};
  EXPECT_EQ(Values(list, lists), R"([[1.0,null,"NaN"],[],null])");
  EXPECT_EQ(Values(list, lists, true), R"([[1.0,null,"NaN"],null,null])");
  EXPECT_EQ(Values(Type::List(list), {Value(ListValue{ListValue{}, ListValue{2.5}})}, true),
            "[[[],[2.5]]]");
  EXPECT_EQ(Values(Type::Vector(2), {Value(ListValue{1.0, 0.5})}), "[[1.0,0.5]]");
  EXPECT_EQ(Values(Type::Map(Kind::kString, Kind::kInt64),
                   {MapValue{{"a", int64_t{1}}, {"b\"", Value()}}, MapValue{}}),
            R"([{"a":1,"b\"":null},{}])");
  EXPECT_EQ(Values(Type::Map(Kind::kInt64, Kind::kBool), {MapValue{{int64_t{-2}, true}}}),
            R"([{"-2":true}])");
  EXPECT_EQ(Values(Type::Map(Kind::kTimestamp, Kind::kFloat64), {MapValue{{kNoon, 1.0}}}),
            R"([{"2025-01-01T12:00:00Z":1.0}])");
}

TEST(AnswerJson, OtherScalars) {
  EXPECT_EQ(Values(Kind::kBool, {true, false}), "[true,false]");
  EXPECT_EQ(Values(Kind::kInt64, {std::numeric_limits<int64_t>::min()}), "[-9223372036854775808]");
  EXPECT_EQ(Values(Kind::kUInt64, {std::numeric_limits<uint64_t>::max()}),
            "[18446744073709551615]");
  EXPECT_EQ(Values(Kind::kTimestamp, {Value(kNoon + 1)}), R"(["2025-01-01T12:00:00.000001Z"])");
  EXPECT_EQ(Values(Kind::kDate, {int64_t{20089}}), R"(["2025-01-01"])");
  EXPECT_EQ(Values(Kind::kBytes, {std::string("\x00\xFFz", 3)}), R"(["AP96"])");
}

TEST(AnswerJson, TextsAreEscapedAndAlwaysUtf8) {
  EXPECT_EQ(Values(Kind::kString, {"a\"b\\c/\n\r\t\x01\x7F"}),
            "[\"a\\\"b\\\\c/\\n\\r\\t\\u0001\x7F\"]");
  EXPECT_EQ(Values(Kind::kString, {"é€𝄞"}), R"(["é€𝄞"])");
  const std::string replaced = "\xEF\xBF\xBD";
  // A byte that begins nothing, a character that is cut, an overlong one, a surrogate, one beyond
  // the last.
  EXPECT_EQ(Values(Kind::kString, {"a\xFFz", "\xE2\x82"}),
            "[\"a" + replaced + "z\",\"" + replaced + replaced + "\"]");
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\x80"}) {
    const json parsed = json::parse(Values(Kind::kString, {bad}));
    std::string expected;
    for (size_t i = 0; i < std::string_view(bad).size(); ++i) expected += replaced;
    EXPECT_EQ(parsed[0].get<std::string>(), expected);
  }
  EXPECT_EQ(Values(Kind::kString, {std::string("\0", 1)}), R"(["\u0000"])");
}

TEST(AnswerJson, TextsAreEscapedWhereverTheCharacterStands) {
  for (const char* special : {"\"", "\\", "\x1F", "\x01", "é", " ", "!", "#", "[", "]", "~"}) {
    for (size_t before = 0; before < 20; ++before) {
      for (size_t after = 0; after < 10; ++after) {
        const std::string text =
            std::string(before, 'a') + special + std::string(after, 'z') + special;
        const std::string values = Values(Kind::kString, {text});
        EXPECT_EQ(json::parse(values)[0].get<std::string>(), text);
        EXPECT_EQ(values, json({text}).dump());
      }
    }
  }
}

}  // namespace
}  // namespace millrace::online
