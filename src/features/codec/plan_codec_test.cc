// Plans survive their bytes, and bytes that are no plan are refused.
#include "features/plan_codec.h"

#include <gtest/gtest.h>

#include "features/compiler/definition_testing.h"

namespace millrace::features {
namespace {

constexpr const char* kText = R"yaml(
views:
  spend:
    entity: user
    source: purchases
    where: amount > 0
    windows: [1d, all]
    description: what they spend
    tags: {a: "1", b: "2"}
    features:
      n: count()
      total: {value: sum(amount) filter (where category = 'a'), default: 0.5, owner: me}
      p: "percentile(amount, 0.9)"
      e: "ewma(amount, 7d)"
      top: {value: "top_k(category, 2)", default: [x]}
      h: {value: histogram(category), default: {a: 1}}
    derived: {mean: again / n_1d, again: total_1d + 1}
  tiles: {source: purchases, window: 1d, resolution: 1h, history: all, features: {n: count()}}
  profile: {entity: user, source: profiles, ttl: 30d, features: {device: lower(device)}, derived: {d: "device || '!'", age: (as_of - event_time) / 1d}}
  taste: {entity: user, source: clicks, lookup: {item: goods, thing: goods}, window: 7d, features: {v: avg(item.price + thing.price)}}
  goods: {entity: item, source: catalog, features: [price, embedding]}
on_demand:
  cross: {inputs: [spend, profile], request: {x: float64}, features: {z: y || device, y: {value: x * mean, default: -1}}}
  wider: {inputs: [cross, tiles], features: {q: z, r: n + 1}}
labels:
  again: {entities: [user, item], source: purchases, where: amount > 0, window: 7d, value: count(), default: 3}
services:
  s: {features: ["spend:*", {view: goods, as: other, keys: {item_id: thing}}, "wider:q"], log: 0.25, owner: me}
)yaml";

std::shared_ptr<const FeaturePlan> Plan() {
  const auto plan = CompileShop(kText);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : nullptr;
}

TEST(PlanCodecTest, ARoundTripGivesTheSameBytes) {
  const auto plan = Plan();
  const std::string bytes = EncodePlan(*plan);
  const auto decoded = DecodePlan(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(EncodePlan(**decoded), bytes);
}

void ExpectSameView(const View& a, const View& b) {
  EXPECT_EQ(a.event_id, b.event_id);
  EXPECT_EQ(a.keys, b.keys);
  EXPECT_EQ(a.key_columns, b.key_columns);
  EXPECT_EQ(a.row_columns, b.row_columns);
  EXPECT_EQ(a.derived_order, b.derived_order);
  EXPECT_EQ(a.resolution, b.resolution);
  EXPECT_EQ(a.ttl, b.ttl);
  EXPECT_EQ(a.history, b.history);
  EXPECT_EQ(a.tags, b.tags);
  ASSERT_EQ(a.lookups.size(), b.lookups.size());
  for (size_t i = 0; i < a.lookups.size(); ++i) {
    EXPECT_EQ(a.lookups[i].first_column, b.lookups[i].first_column);
    EXPECT_EQ(a.lookups[i].key_columns, b.lookups[i].key_columns);
  }
  ASSERT_EQ(a.features.size(), b.features.size());
  for (size_t i = 0; i < a.features.size(); ++i) {
    EXPECT_EQ(a.features[i].name, b.features[i].name);
    EXPECT_EQ(a.features[i].type, b.features[i].type);
    EXPECT_EQ(a.features[i].hash, b.features[i].hash);
    EXPECT_EQ(a.features[i].state_id, b.features[i].state_id);
    EXPECT_EQ(a.features[i].window, b.features[i].window);
    EXPECT_TRUE(columns::SameBits(a.features[i].default_value, b.features[i].default_value));
    EXPECT_EQ(a.features[i].aggregate == nullptr, b.features[i].aggregate == nullptr);
  }
}

TEST(PlanCodecTest, WhatFollowsIsTheSame) {
  const auto plan = Plan();
  const auto decoded = DecodePlan(EncodePlan(*plan));
  ASSERT_TRUE(decoded.ok());
  const FeaturePlan& back = **decoded;
  ASSERT_EQ(back.views.size(), plan->views.size());
  for (size_t i = 0; i < plan->views.size(); ++i) ExpectSameView(plan->views[i], back.views[i]);
  ASSERT_EQ(back.labels.size(), 1u);
  EXPECT_EQ(back.labels[0].length, plan->labels[0].length);
  ExpectSameView(plan->labels[0].view, back.labels[0].view);
  ASSERT_EQ(back.on_demand.size(), plan->on_demand.size());
  for (size_t i = 0; i < plan->on_demand.size(); ++i) {
    const OnDemandView& a = plan->on_demand[i];
    const OnDemandView& b = back.on_demand[i];
    EXPECT_EQ(a.scope_columns, b.scope_columns);
    EXPECT_EQ(a.order, b.order);
    EXPECT_EQ(a.named_inputs, b.named_inputs);
    for (size_t k = 0; k < a.features.size(); ++k) {
      EXPECT_EQ(a.features[k].hash, b.features[k].hash);
      EXPECT_EQ(a.features[k].inherited, b.features[k].inherited);
    }
  }
  EXPECT_EQ(back.sources[0].columns, plan->sources[0].columns);
  EXPECT_EQ(back.services[0].log, 0.25);
}

TEST(PlanCodecTest, EveryPrefixIsRefused) {
  const std::string bytes = EncodePlan(*Plan());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = DecodePlan(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(decoded.ok()) << size;
    ASSERT_EQ(base::ProblemsOf(decoded.status())[0].code, base::codes::kCorrupt) << size;
  }
  EXPECT_FALSE(DecodePlan(bytes + "x").ok());
}

// A changed byte either gives another plan, whose bytes these are, or is refused as corrupt.
TEST(PlanCodecTest, NoChangedByteIsReadAsSomethingElse) {
  const std::string bytes = EncodePlan(*Plan());
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int change : {1, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ change);
      const auto decoded = DecodePlan(damaged);
      if (decoded.ok()) {
        ASSERT_EQ(EncodePlan(**decoded), damaged) << i;
      } else {
        ASSERT_EQ(base::ProblemsOf(decoded.status())[0].code, base::codes::kCorrupt) << i;
      }
    }
  }
}

}  // namespace
}  // namespace millrace::features
