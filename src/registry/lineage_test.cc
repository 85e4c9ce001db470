#include "registry/lineage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "registry/plan_testing.h"

namespace millrace::registry {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr const char* kViews = R"(
views:
  items:
    entity: item
    source: catalog
    features: [price]
  spend:
    entity: user
    source: purchases
    lookup: {item: items}
    where: amount > 0
    window: 7d
    features:
      n: count()
      paid: sum(amount)
      listed: sum(item.price) filter (where category = 'books')
    derived:
      ratio: paid / n
on_demand:
  affinity:
    inputs: [spend, items]
    request: {offer: float64}
    features:
      share: offer / listed
      doubled: share * 2
labels:
  buys: {entity: user, source: purchases, window: 7d, value: sum(amount)}
services:
  ranking:
    features: ["spend:ratio", "affinity:doubled"]
)";

std::set<std::string> Names(const std::vector<LineageEdge>& edges, bool users) {
  std::set<std::string> names;
  for (const LineageEdge& edge : edges) {
    const LineageNode& node = users ? edge.user : edge.input;
    names.insert(node.kind + " " + node.name);
  }
  return names;
}

Lineage Of(const std::string& kind, const std::string& name) {
  return LineageOf(*PlanOf(std::string(kSources) + kViews), {kind, name});
}

TEST(LineageOf, AFeatureIsMadeOfItsOwnColumnsAndItsViewsRows) {
  const auto inputs = Names(Of("feature", "spend:paid").inputs, false);
  EXPECT_THAT(inputs, Contains("column purchases.amount"));
  EXPECT_THAT(inputs, Contains("column purchases.user_id"));
  EXPECT_THAT(inputs, Contains("column purchases.event_time"));
  EXPECT_THAT(inputs, Contains("column purchases.ingested_at"));
  EXPECT_THAT(inputs, Contains("view spend"));
  EXPECT_THAT(inputs, Contains("entity user"));
  EXPECT_THAT(inputs, Not(Contains("column purchases.category"))) << "that is its sister's";
  EXPECT_THAT(inputs, Not(Contains("feature spend:n")));
}

TEST(LineageOf, LookupsAndFiltersAreFollowed) {
  const auto inputs = Names(Of("feature", "spend:listed").inputs, false);
  EXPECT_THAT(inputs, Contains("feature items:price"));
  EXPECT_THAT(inputs, Contains("column catalog.price"));
  EXPECT_THAT(inputs, Contains("column purchases.category"));
}

TEST(LineageOf, DerivedAndOnDemandFeaturesAreFollowedToTheColumns) {
  const auto ratio = Names(Of("feature", "spend:ratio").inputs, false);
  EXPECT_THAT(ratio, Contains("feature spend:paid"));
  EXPECT_THAT(ratio, Contains("feature spend:n"));
  EXPECT_THAT(ratio, Contains("column purchases.amount"));
  const auto doubled = Names(Of("feature", "affinity:doubled").inputs, false);
  EXPECT_THAT(doubled, Contains("feature affinity:share"));
  EXPECT_THAT(doubled, Contains("request affinity.offer"));
  EXPECT_THAT(doubled, Contains("column catalog.price"));
  EXPECT_THAT(doubled, Not(Contains("feature spend:paid")));
}

TEST(LineageOf, AColumnKnowsItsUsersUpToTheServices) {
  const auto users = Names(Of("column", "catalog.price").users, true);
  EXPECT_THAT(users, UnorderedElementsAre("feature items:price", "feature spend:listed",
                                          "feature affinity:share", "feature affinity:doubled",
                                          "on_demand affinity", "service ranking"));
  EXPECT_THAT(Of("column", "catalog.price").inputs, IsEmpty());
}

TEST(LineageOf, ASourceKnowsItsLabels) {
  const auto users = Names(Of("source", "purchases").users, true);
  EXPECT_THAT(users, Contains("label buys"));
  EXPECT_THAT(users, Contains("service ranking"));
  EXPECT_THAT(users, Not(Contains("view items")));
}

TEST(LineageOf, NoEdgeStandsTwiceAndTheTextIsFinite) {
  const Lineage lineage = Of("service", "ranking");
  const std::set<LineageEdge> edges(lineage.inputs.begin(), lineage.inputs.end());
  EXPECT_EQ(edges.size(), lineage.inputs.size());
  EXPECT_THAT(lineage.users, IsEmpty());
  const std::string text = ToText(lineage);
  EXPECT_THAT(text, HasSubstr("service ranking\nis made of\n  feature affinity:doubled\n"));
  EXPECT_THAT(text, HasSubstr("(see above)"));
  EXPECT_THAT(text, HasSubstr("is used by nothing\n"));
}

}  // namespace
}  // namespace millrace::registry
