// The case format: what it accepts, what it refuses and where it says so.
#include "engines/case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engines/case_text.h"
#include "engines/question.h"
#include "engines/run_case.h"
#include "engines/scenario.h"

namespace millrace::engines {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kCase = R"(# A rule.
views:
  spend: {entity: user, source: purchases, window: 1h, features: {sum: sum(amount)}}

events purchases
  event_time | user_id | amount   # a comment
  09:30      | ann     | 5
  2025-01-02T10:00:00+02:00 | 'it''s | #' | !oops

ask
  at    | user_id || sum
  10:30 | ann     || 5
rejected
  subject | reason | count
  view spend | null_key | 1
)";

std::string ErrorOf(std::string_view text) {
  return ParseCase("a.case", text).status().ToString();
}

TEST(ParseCase, ReadsBlocksWithTheirLines) {
  auto parsed = ParseCase("a.case", kCase);
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(parsed->rule, "A rule.");
  EXPECT_TRUE(parsed->definitions.starts_with("\nviews:\n  spend:")) << parsed->definitions;
  ASSERT_EQ(parsed->events.size(), 1U);
  const CaseTable& events = parsed->events[0].table;
  EXPECT_THAT(events.header, ElementsAre("event_time", "user_id", "amount"));
  EXPECT_EQ(events.inputs, -1);
  EXPECT_EQ(events.rows[1].line, 8);
  EXPECT_EQ(events.rows[1].cells[1].text, "it's | #");
  EXPECT_TRUE(events.rows[1].cells[2].unreadable);
  ASSERT_EQ(parsed->asks.size(), 1U);
  EXPECT_EQ(parsed->asks[0].table.inputs, 2);
  ASSERT_TRUE(parsed->asks[0].rejected);
}

TEST(ParseCase, RefusesWithThePlace) {
  EXPECT_THAT(ErrorOf("views:\n  a: b\n"), HasSubstr("a.case:1"));
  EXPECT_THAT(ErrorOf("# r\nevent purchases\n  a | b\n"), HasSubstr("unknown word 'event'"));
  EXPECT_THAT(ErrorOf("# r\nask later\n  at || x\n"), HasSubstr("unknown word 'later'"));
  EXPECT_THAT(ErrorOf("# r\nask\n  at | x\n"), HasSubstr("expected `||`"));
  EXPECT_THAT(ErrorOf("# r\nask\n  at || x\n  09:00 | 1 || 2\n"), HasSubstr("a.case:4"));
  EXPECT_THAT(ErrorOf("# r\nask\n  at || x\n  09:00 ||\n"), HasSubstr("an empty cell"));
  EXPECT_THAT(ErrorOf("# r\nevents a\n  x\n  'open\n"), HasSubstr("a.case:4"));
  EXPECT_THAT(ErrorOf("# r\nask --every 1d\n  at || x\n"), HasSubstr("`ask offline`"));
  EXPECT_THAT(ErrorOf("# r\nrejected\n  subject | reason | count\n"), HasSubstr("below an `ask`"));
  EXPECT_THAT(ErrorOf("# r\nviews:\n  a: b\n"), HasSubstr("asks nothing"));
  EXPECT_THAT(ErrorOf("# r\n  a | b\n"), HasSubstr("outside a block"));
}

TEST(MakeScenario, TellsTypesAndDerivesWhatIsNotWritten) {
  auto parsed = ParseCase("a.case", kCase);
  ASSERT_TRUE(parsed.ok());
  auto scenario = MakeScenario(*parsed, "csv");
  ASSERT_TRUE(scenario.ok()) << scenario.status().ToString();
  const EventTable& table = scenario->events[0];
  EXPECT_EQ(table.columns[0].type, Type(columns::Kind::kTimestamp));
  EXPECT_EQ(table.columns[1].type, Type(columns::Kind::kString));
  EXPECT_EQ(table.columns[2].type, Type(columns::Kind::kInt64));
  EXPECT_EQ(table.rows[0][0].text, "2025-01-01T09:30:00Z");
  EXPECT_EQ(table.rows[1][0].text, "2025-01-02T10:00:00+02:00");
  EXPECT_EQ(table.rows[1][2].cell, columns::kBadCast);
  const std::string& derived = scenario->definitions[1].text;
  EXPECT_THAT(derived, HasSubstr("user: {keys: {user_id: \"string\"}}"));
  EXPECT_THAT(derived, HasSubstr("path: \"purchases-*.csv\""));
  EXPECT_THAT(derived, HasSubstr("\"amount\": \"int64\""));
}

TEST(MakeScenario, CompletesASourceThatIsPartlyWritten) {
  auto parsed = ParseCase("a.case", R"(# r
sources:
  purchases: {created: event_time + 1d}
views:
  spend: {source: purchases, window: 1h, features: {n: count()}}
events purchases
  event_time | x:float64
  09:30      | 5
ask
  at || n
  10:00 || 1
)");
  ASSERT_TRUE(parsed.ok());
  auto scenario = MakeScenario(*parsed, "parquet");
  ASSERT_TRUE(scenario.ok());
  EXPECT_THAT(scenario->definitions[0].text, HasSubstr("\n\n\nviews:\n"));
  EXPECT_THAT(scenario->definitions[1].text, HasSubstr("created: event_time + 1d"));
  EXPECT_EQ(scenario->definitions[1].text.find("columns"), std::string::npos);
  EXPECT_EQ(scenario->events[0].rows[0][1].text, "5.0");
}

TEST(Values, ReadAndWrite) {
  const Type text(columns::Kind::kString);
  EXPECT_EQ(WriteValue("it's", text), "'it''s'");
  EXPECT_EQ(WriteValue("", text), "''");
  EXPECT_EQ(WriteValue("plain", text), "plain");
  auto time = ReadValue({"09:30", false, false}, columns::Kind::kTimestamp);
  ASSERT_TRUE(time.ok());
  EXPECT_EQ(WriteValue(*time, columns::Kind::kTimestamp), "2025-01-01T09:30:00Z");
}

TEST(Differences, SeesEveryBit) {
  Answer a;
  a.columns = {{"x", columns::Kind::kFloat64}};
  a.rows = {{Value(0.0)}};
  Answer b = a;
  EXPECT_TRUE(Differences(a, b).empty());
  b.rows[0][0] = Value(-0.0);
  EXPECT_EQ(Differences(a, b).size(), 1U);
  b = a;
  b.rejected[{"view v", "null_key"}] = 1;
  EXPECT_EQ(Differences(a, b).size(), 1U);
}

TEST(AlignTables, FillsAndPads) {
  const std::string text = "# r\nask\n  at | k || x # c\n  09:00 | 'a | b' || ?\n";
  EXPECT_EQ(AlignTables(text, {{{4, 2}, "17"}}),
            "# r\nask\n  at    | k       || x   # c\n  09:00 | 'a | b' || 17\n");
}

}  // namespace
}  // namespace millrace::engines
