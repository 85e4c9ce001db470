#include "features/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "features/compile.h"

namespace millrace::features {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const FeaturePlan> Plan() {
  const auto plan = Compile(
      "test", {{"all.yaml", R"(
entities:
  user: {keys: {user_id: string}}
  airport: {keys: {airport: string}}
sources:
  purchases:
    path: p.csv
    timestamp: event_time
    columns: {event_time: timestamp, user_id: string, amount: float64}
  weather:
    path: w.csv
    timestamp: event_time
    columns: {event_time: timestamp, airport: string, temp: float64, size: int64}
views:
  spend:
    entity: user
    source: purchases
    window: 1h
    features: {size: count(), sum: sum(amount)}
    derived: {half: sum / 2}
  weather: {entity: airport, source: weather, features: [temp, size]}
on_demand:
  offer:
    inputs: [spend]
    request: {price: float64, other: float64}
    features: {ratio: price / sum, own: ratio * 2, bare: sum}
  wider: {inputs: [offer], features: {twice: ratio * 2}}
services:
  flight:
    features:
      - "spend:sum"
      - {view: weather, features: [temp], as: origin, keys: {airport: origin}}
      - {view: weather, features: [temp], as: dest, keys: {airport: dest}}
)"}},
      [](const Source& source) -> base::Result<std::vector<Field>> { return source.columns; });
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return plan.ok() ? *plan : std::make_shared<FeaturePlan>();
}

std::vector<std::string> Names(const Selection& selection) {
  std::vector<std::string> names;
  for (const SelectedColumn& column : selection.columns) names.push_back(column.name);
  return names;
}

TEST(SelectFeatures, AStarIsAllOfAView) {
  const auto plan = Plan();
  const auto selection = SelectFeatures(*plan, {"spend:*", "spend:size"}, false);
  ASSERT_TRUE(selection.ok()) << selection.status().ToString();
  EXPECT_EQ(Names(*selection), (std::vector<std::string>{"size", "sum", "half"}));
  EXPECT_EQ(selection->uses.size(), 1u);
  EXPECT_EQ(selection->uses[0].key_columns, std::vector<std::string>{"user_id"});
}

TEST(SelectFeatures, AClashListsBothAndFullNamesResolveIt) {
  const auto plan = Plan();
  const auto clash = SelectFeatures(*plan, {"spend:size", "weather:size"}, false);
  EXPECT_EQ(base::ProblemsOf(clash.status())[0].code, base::codes::kDuplicate);
  EXPECT_THAT(clash.status().ToString(), HasSubstr("spend:size and weather:size"));
  const auto full = SelectFeatures(*plan, {"spend:size", "weather:size"}, true);
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(Names(*full), (std::vector<std::string>{"spend__size", "weather__size"}));
}

TEST(SelectFeatures, EveryWrongNameIsToldAtOnce) {
  const auto plan = Plan();
  const auto wrong =
      SelectFeatures(*plan, {"spent:size", "spend:summ", "spend", "weather:temp"}, false);
  const auto problems = base::ProblemsOf(wrong.status());
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].code, base::codes::kUnknownName);
  EXPECT_THAT(problems[0].hint, HasSubstr("spend"));
  EXPECT_THAT(problems[1].hint, HasSubstr("sum"));
  EXPECT_EQ(problems[2].code, base::codes::kUsage);
}

TEST(SelectFeatures, OnDemandViewsBringTheirInputsAndTheFieldsTheyRead) {
  const auto plan = Plan();
  const auto own = SelectFeatures(*plan, {"offer:own"}, false);
  ASSERT_TRUE(own.ok()) << own.status().ToString();
  EXPECT_EQ(Names(*own), std::vector<std::string>{"own"});
  ASSERT_EQ(own->request_fields.size(), 1u);
  EXPECT_EQ(own->request_fields[0].name, "price");
  ASSERT_EQ(own->uses.size(), 1u);
  EXPECT_EQ(own->on_demand_uses[0], std::vector<int>{0});
  EXPECT_TRUE(SelectFeatures(*plan, {"offer:bare"}, false)->request_fields.empty());
}

TEST(SelectFeatures, WhatAnOnDemandViewInheritsIsNotItsOwn) {
  const auto plan = Plan();
  const auto all = SelectFeatures(*plan, {"wider:*"}, false);
  ASSERT_TRUE(all.ok()) << all.status().ToString();
  EXPECT_EQ(Names(*all), std::vector<std::string>{"twice"});
  EXPECT_FALSE(SelectFeatures(*plan, {"wider:offer.ratio"}, false).ok());
}

TEST(SelectService, AliasesReadAViewTwice) {
  const auto plan = Plan();
  const auto selection = SelectService(*plan, "flight", true);
  ASSERT_TRUE(selection.ok()) << selection.status().ToString();
  EXPECT_EQ(Names(*selection),
            (std::vector<std::string>{"spend__sum", "origin__temp", "dest__temp"}));
  ASSERT_EQ(selection->uses.size(), 3u);
  EXPECT_EQ(selection->uses[2].key_columns, std::vector<std::string>{"dest"});
  EXPECT_EQ(base::ProblemsOf(SelectService(*plan, "flight", false).status())[0].code,
            base::codes::kDuplicate);
  const auto wrong = SelectService(*plan, "flights", true);
  EXPECT_THAT(base::ProblemsOf(wrong.status())[0].hint, HasSubstr("flight"));
}

}  // namespace
}  // namespace millrace::features
