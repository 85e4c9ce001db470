#include "jobs/explain/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "offline/source_testing.h"

namespace millrace::jobs {
namespace {

using offline::PlanOf;
using offline::TextSources;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDefinitions = R"yaml(
entities:
  user: {keys: {user_id: string}}
sources:
  purchases:
    path: purchases.csv
    timestamp: event_time
    created: known_at
    columns: {event_time: timestamp, known_at: timestamp, user_id: string, amount: float64}
  profiles:
    path: profiles.csv
    timestamp: event_time
    columns: {event_time: timestamp, user_id: string, city: string}
views:
  spend:
    entity: user
    source: purchases
    where: amount < 1000
    features:
      sum: {value: sum(amount), window: 1h}
      big: {value: "count() filter (where amount > 5)",
                     window : 1h
}
    derived: {share: sum / 50}
  profile: {entity: user, source: profiles, ttl: 1h, features: [city], derived: {old: (as_of - event_time) / 1m}}
on_demand:
  offer: {inputs: [spend], request: {price: float64}, features: {ratio: price / sum}}
)yaml";

class ExplainTest : public ::testing::Test {
 protected:
  ExplainTest() : plan_(PlanOf(kDefinitions)) {
    sources_.tables["purchases"] = R"(
      2025-01-01T09:30:00Z | 2025-01-01T09:30:00Z | ann | 20
      2025-01-01T08:59:59Z | 2025-01-01T09:00:00Z | ann | 1
      2025-01-01T09:00:00Z | 2025-01-01T09:00:00Z | ann | 5
      2025-01-01T09:40:00Z | 2025-01-01T10:00:01Z | ann | 2
      2025-01-01T10:00:00Z | 2025-01-01T10:00:00Z | ann | 7
      2025-01-01T09:45:00Z | 2025-01-01T09:45:00Z | ann | 5000
      2025-01-01T09:50:00Z | 2025-01-01T09:50:00Z | ann | !
      2025-01-01T09:55:00Z | 2025-01-01T09:55:00Z | ann | -
      2025-01-01T09:30:00Z | 2025-01-01T09:30:00Z | bob | 3
    )";
    sources_.tables["profiles"] = R"(
      2025-01-01T07:00:00Z | ann | oslo
      2025-01-01T09:30:00Z | ann | rome
      2025-01-01T11:00:00Z | ann | bern
    )";
  }

  base::Result<Explanation> Explained(const std::string& feature, const std::string& at) {
    request_.feature = feature;
    request_.at = *base::ParseTime(at);
    return Explain(*plan_, request_, sources_.Opener());
  }

  std::map<std::string, std::string> Reasons(const ExplainedValue& value) const {
    std::map<std::string, std::string> reasons;
    for (const ExplainedEvent& event : value.events) {
      reasons[base::FormatTime(event.event_time)] = event.reason;
    }
    return reasons;
  }

  std::shared_ptr<const features::FeaturePlan> plan_;
  TextSources sources_;
  ExplainRequest request_{"", {{"user_id", "ann"}}, {}, {}};
};

TEST_F(ExplainTest, SaysOfEveryEventWhyItCountsOrNot) {
  const auto explained = Explained("spend:sum", "2025-01-01T10:00:00Z");
  ASSERT_TRUE(explained.ok()) << explained.status().ToString();
  const ExplainedValue& value = explained->value;
  EXPECT_EQ(value.value, "25.0");
  EXPECT_EQ(value.status, "PRESENT");
  EXPECT_EQ(value.definition, "sum(amount) over 1h");
  EXPECT_EQ(value.rule, "[2025-01-01T09:00:00Z, 2025-01-01T10:00:00Z)");
  EXPECT_EQ(value.arithmetic, "5.0 + 20.0 = 25.0");
  EXPECT_EQ(Reasons(value), (std::map<std::string, std::string>{
                                {"2025-01-01T08:59:59Z", "before the window's begin"},
                                {"2025-01-01T09:00:00Z", "in the window"},
                                {"2025-01-01T09:30:00Z", "in the window"},
                                {"2025-01-01T09:40:00Z", "known only at 2025-01-01T10:00:01Z"},
                                {"2025-01-01T09:45:00Z", "`where` is not true"},
                                {"2025-01-01T09:50:00Z", "`where` failed"},
                                {"2025-01-01T09:55:00Z", "`where` is not true"},
                                {"2025-01-01T10:00:00Z", "not before the time asked about"}}));
  EXPECT_EQ(value.events.front().place, "purchases row 2");
  EXPECT_EQ(explained->rejected.total(), 1);
}

TEST_F(ExplainTest, FiltersAreNamed) {
  const auto explained = Explained("spend:big", "2025-01-01T10:00:00Z");
  ASSERT_TRUE(explained.ok()) << explained.status().ToString();
  EXPECT_EQ(explained->value.value, "1");
  EXPECT_EQ(explained->value.arithmetic, "count of 1 events = 1");
  EXPECT_EQ(Reasons(explained->value)["2025-01-01T09:00:00Z"], "the filter is not true");
}

TEST_F(ExplainTest, DerivedFeaturesShowTheirInputs) {
  const auto explained = Explained("spend:share", "2025-01-01T10:00:00Z");
  ASSERT_TRUE(explained.ok()) << explained.status().ToString();
  EXPECT_EQ(explained->value.value, "0.5");
  EXPECT_THAT(explained->value.arithmetic, HasSubstr("= 0.5 where sum = 25.0"));
  ASSERT_EQ(explained->value.inputs.size(), 1u);
  EXPECT_EQ(explained->value.inputs[0].feature, "spend:sum");
  EXPECT_EQ(explained->value.inputs[0].events.size(), 8u);
}

TEST_F(ExplainTest, OnDemandFeaturesNeedTheirRequestFields) {
  const auto missing = Explained("offer:ratio", "2025-01-01T10:00:00Z");
  EXPECT_THAT(missing.status().ToString(), HasSubstr("price"));
  request_.request["price"] = "50";
  const auto explained = Explained("offer:ratio", "2025-01-01T10:00:00Z");
  ASSERT_TRUE(explained.ok()) << explained.status().ToString();
  EXPECT_EQ(explained->value.value, "2.0");
  ASSERT_EQ(explained->value.inputs.size(), 2u);
  EXPECT_THAT(ToText(*explained), HasSubstr("request field price = 50.0"));
}

TEST_F(ExplainTest, SnapshotsNameTheRowThatStands) {
  const auto explained = Explained("profile:city", "2025-01-01T10:00:00Z");
  ASSERT_TRUE(explained.ok()) << explained.status().ToString();
  EXPECT_EQ(explained->value.value, "rome");
  EXPECT_EQ(
      Reasons(explained->value),
      (std::map<std::string, std::string>{{"2025-01-01T07:00:00Z", "older than the ttl"},
                                          {"2025-01-01T09:30:00Z", "the newest row"},
                                          {"2025-01-01T11:00:00Z", "after the time asked about"}}));
  EXPECT_EQ(Explained("profile:city", "2025-01-01T10:30:00.000001Z")->value.status,
            "OUTSIDE_MAX_AGE");
  EXPECT_EQ(Explained("profile:city", "2025-01-01T06:00:00Z")->value.status, "NOT_FOUND");
}

TEST_F(ExplainTest, TheEventTimeOfTheRowThatStandsIsAnInput) {
  const auto explained = Explained("profile:old", "2025-01-01T10:00:00Z");
  ASSERT_TRUE(explained.ok()) << explained.status().ToString();
  EXPECT_EQ(explained->value.value, "30.0");
  ASSERT_EQ(explained->value.inputs.size(), 2u);
  EXPECT_EQ(explained->value.inputs[0].feature, "as_of");
  EXPECT_EQ(explained->value.inputs[1].feature, "event_time");
  EXPECT_EQ(explained->value.inputs[1].value, "2025-01-01T09:30:00Z");
  const auto expired = Explained("profile:old", "2025-01-01T10:30:00.000001Z");
  ASSERT_TRUE(expired.ok()) << expired.status().ToString();
  EXPECT_EQ(expired->value.value, "null");
  EXPECT_EQ(expired->value.inputs[1].status, "OUTSIDE_MAX_AGE");
}

TEST_F(ExplainTest, AKeyWithoutEventsIsNotFound) {
  request_.keys["user_id"] = "zoe";
  const auto explained = Explained("spend:sum", "2025-01-01T10:00:00Z");
  ASSERT_TRUE(explained.ok()) << explained.status().ToString();
  EXPECT_EQ(explained->value.value, "null");
  EXPECT_EQ(explained->value.status, "NOT_FOUND");
}

TEST_F(ExplainTest, WrongRequestsAreNamed) {
  EXPECT_EQ(base::ProblemsOf(Explained("spend:*", "2025-01-01").status())[0].code,
            base::codes::kUsage);
  EXPECT_EQ(base::ProblemsOf(Explained("spend:summ", "2025-01-01").status())[0].code,
            base::codes::kUnknownName);
  request_.keys = {{"user", "ann"}};
  const auto keys = Explained("spend:sum", "2025-01-01");
  EXPECT_THAT(keys.status().ToString(), HasSubstr("--key user_id="));
  EXPECT_THAT(keys.status().ToString(), HasSubstr("has no key 'user'"));
}

TEST_F(ExplainTest, TextAndJsonSayTheSame) {
  const auto explained = Explained("spend:sum", "2025-01-01T10:00:00Z");
  ASSERT_TRUE(explained.ok()) << explained.status().ToString();
  const std::string text = ToText(*explained, 1);
  EXPECT_THAT(text, HasSubstr("spend:sum = 25.0  (float64, PRESENT)"));
  EXPECT_THAT(text, HasSubstr("1 more that count"));
  EXPECT_THAT(text, Not(HasSubstr("bob")));
  const std::string json = ToJson(*explained);
  EXPECT_THAT(json, HasSubstr("\"value\": \"25.0\""));
  EXPECT_THAT(json, HasSubstr("\"reason\": \"before the window's begin\""));
}

}  // namespace
}  // namespace millrace::jobs
