#include "registry/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "registry/plan_testing.h"

namespace millrace::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Sources(const std::string& path = "data/purchases.csv") {
  std::string text = kSources;
  return text.replace(text.find("data/purchases.csv"), 18, path);
}

std::string Spend(const std::string& window = "7d", const std::string& more = "") {
  return "views:\n  spend:\n    entity: user\n    source: purchases\n" + more + "    windows: [" +
         window + "]\n    features: {sum: sum(amount), n: count()}\n";
}

// "+ view spend" …: each change without its details.
std::vector<std::string> Marks(const std::string& from, const std::string& to) {
  std::vector<std::string> marks;
  for (const Change& change : DiffPlans(PlanOf(from).get(), *PlanOf(to))) {
    const char mark = change.kind == ChangeKind::kAdded     ? '+'
                      : change.kind == ChangeKind::kRemoved ? '-'
                                                            : '~';
    marks.push_back(std::string(1, mark) + " " + change.item.kind + " " + change.item.name);
  }
  return marks;
}

Diff DiffOf(const std::string& from, const std::string& to) {
  return DiffPlans(PlanOf(from).get(), *PlanOf(to));
}

TEST(DiffPlans, EqualPlansDifferInNothing) {
  const Diff diff = DiffOf(Sources() + Spend(), Sources() + Spend());
  EXPECT_TRUE(diff.empty());
  EXPECT_EQ(ToText(diff), "");
  EXPECT_EQ(ToJson(diff).dump(), "[]");
}

TEST(DiffPlans, FromNothingEverythingIsAdded) {
  const Diff diff = DiffPlans(nullptr, *PlanOf(Sources() + Spend()));
  EXPECT_EQ(diff.size(), 2u + 2u + 1u + 2u);
  for (const Change& change : diff) EXPECT_EQ(change.kind, ChangeKind::kAdded);
  EXPECT_THAT(ToText(diff), HasSubstr("+ feature spend:sum_7d  (float64 = sum(amount) over 7d)\n"));
  EXPECT_THAT(ToText(diff), HasSubstr("+ entity user  (user_id: string)\n"));
}

TEST(DiffPlans, NamesWhatCameAndWent) {
  EXPECT_THAT(Marks(Sources() + Spend("7d"), Sources() + Spend("14d")),
              ElementsAre("+ feature spend:sum_14d", "+ feature spend:n_14d",
                          "- feature spend:sum_7d", "- feature spend:n_7d"));
  EXPECT_THAT(Marks(Sources() + Spend(), Sources()),
              ElementsAre("- view spend", "- feature spend:sum_7d", "- feature spend:n_7d"));
}

TEST(DiffPlans, AMovedSourceChangesItsLocationAlone) {
  const Diff diff = DiffOf(Sources() + Spend(), Sources("elsewhere.csv") + Spend());
  ASSERT_EQ(diff.size(), 1u);
  EXPECT_EQ(ToText(diff),
            "~ source purchases  (only its location changes)\n"
            "    path: data/purchases.csv -> elsewhere.csv\n");
}

TEST(DiffPlans, ADescriptionChangesNoValue) {
  const Diff diff =
      DiffOf(Sources() + Spend(), Sources() + Spend("7d", "    description: What users spend\n"));
  EXPECT_EQ(ToText(diff),
            "~ view spend  (no value changes)\n    description: (none) -> What users spend\n");
}

TEST(DiffPlans, AFilterOfRowsBuildsStateAgain) {
  const Diff diff = DiffOf(Sources() + Spend(), Sources() + Spend("7d", "    where: amount > 0\n"));
  ASSERT_EQ(diff.size(), 3u);
  const std::string text = ToText(diff);
  EXPECT_THAT(text,
              HasSubstr("~ view spend  (its events are stored again)\n    where: (none) -> "));
  EXPECT_THAT(text,
              HasSubstr("~ feature spend:sum_7d  (its state is built again)\n    state_id: "));
}

std::string OneFeature(const std::string& window, const std::string& value = "sum(amount)") {
  return "views:\n  spend:\n    entity: user\n    source: purchases\n    window: " + window +
         "\n    features: {spent: " + value + "}\n";
}

TEST(DiffPlans, AnotherWindowKeepsTheState) {
  const Diff diff = DiffOf(Sources() + OneFeature("7d"), Sources() + OneFeature("30d"));
  ASSERT_EQ(diff.size(), 1u);
  EXPECT_THAT(ToText(diff),
              HasSubstr("~ feature spend:spent  (its state is kept)\n    window: 7d -> 30d\n"));
}

TEST(DiffPlans, AnotherFunctionChangesTypeValueAndState) {
  const Diff diff = DiffOf(Sources() + OneFeature("7d"), Sources() + OneFeature("7d", "count()"));
  ASSERT_EQ(diff.size(), 1u);
  const std::string text = ToText(diff);
  EXPECT_THAT(text, HasSubstr("(its state is built again)"));
  EXPECT_THAT(text, HasSubstr("type: float64 -> int64"));
  EXPECT_THAT(text, HasSubstr("value: sum(amount) -> count()"));
}

TEST(DiffPlans, AServiceSaysWhatItGainedAndLost) {
  const auto service = [](const std::string& list) {
    return "services:\n  ranking: {features: [" + list + "]}\n";
  };
  const Diff diff = DiffOf(Sources() + Spend() + service("\"spend:sum_7d\""),
                           Sources() + Spend() + service("\"spend:n_7d\""));
  EXPECT_EQ(ToText(diff),
            "~ service ranking\n    features: - spend:sum_7d\n    features: + spend:n_7d\n");
}

TEST(DiffPlans, JsonHasBothSides) {
  const auto json = ToJson(DiffOf(Sources() + Spend(), Sources("elsewhere.csv") + Spend()));
  EXPECT_EQ(
      json.dump(),
      R"([{"change":"changed","kind":"source","name":"purchases","properties":{"path":)"
      R"({"from":"data/purchases.csv","to":"elsewhere.csv"}},"consequence":"only its location changes"}])");
}

TEST(Describe, WritesAggregatesAsDefinitionsDo) {
  const auto plan = PlanOf(Sources() + R"yaml(
views:
  spend:
    entity: user
    source: purchases
    window: 7d
    features:
      p90: "percentile(amount, 0.9)"
      big: count() filter (where amount > 100)
      smooth: "ewma(amount, 36h)"
      items: "last_k(item_id, 3)"
      named: {value: last(category), default: none, window: 30d}
)yaml");
  std::map<std::string, Item> items;
  for (const Item& item : Describe(*plan)) items[item.name] = item;
  const auto text = [&](const std::string& feature, const char* property) {
    return PropertyText(items[feature].properties[property]);
  };
  EXPECT_EQ(text("spend:p90", "value"), "percentile(amount, 0.9)");
  EXPECT_THAT(text("spend:big", "value"), HasSubstr("count() filter (where "));
  EXPECT_EQ(text("spend:smooth", "value"), "ewma(amount, 36h)");
  EXPECT_EQ(text("spend:items", "value"), "last_k(item_id, 3)");
  EXPECT_EQ(text("spend:named", "default"), "none");
  EXPECT_EQ(text("spend:named", "window"), "30d");
  EXPECT_FALSE(items["spend:p90"].properties.contains("default"));
}

}  // namespace
}  // namespace millrace::registry
