// What changes an id or a hash, and above all what does not.
#include "features/hash.h"

#include <gtest/gtest.h>

#include <map>

#include "features/compiler/definition_testing.h"

namespace millrace::features {
namespace {

struct Ids {
  std::map<std::string, std::string> events;
  std::map<std::string, std::string> states;
  std::map<std::string, std::string> features;
};

Ids IdsOf(const FeaturePlan& plan) {
  Ids ids;
  for (const View& view : plan.views) {
    ids.events[view.name] = view.event_id;
    for (const Feature& feature : view.features) {
      ids.states[view.name + ":" + feature.name] = feature.state_id;
      ids.features[view.name + ":" + feature.name] = feature.hash;
    }
  }
  for (const OnDemandView& view : plan.on_demand) {
    for (const auto& feature : view.features)
      ids.features[view.name + ":" + feature.name] = feature.hash;
  }
  for (const Label& label : plan.labels) {
    ids.features["label " + label.name] = label.view.features[0].hash;
  }
  return ids;
}

Ids Compiled(const std::string& text, const std::string& shop = kShop) {
  const auto plan = Compile("shop", {{"shop.yaml", shop}, {"a.yaml", text}}, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? IdsOf(**plan) : Ids();
}

constexpr const char* kBase = R"yaml(
views:
  spend:
    entity: user
    source: purchases
    where: amount > 0 and paid
    windows: [1d, 7d]
    features:
      n: count()
      total: sum(amount) filter (where category = 'a')
      p: "percentile(amount, 0.9)"
    derived: {mean: total_7d / n_7d}
  profile: {entity: user, source: profiles, features: {device: lower(device), score: score}}
  taste: {entity: user, source: clicks, lookup: {item: goods}, window: 7d, features: {v: avg(item.price)}}
  goods: {entity: item, source: catalog, features: [price]}
on_demand:
  cross: {inputs: [spend, profile], request: {x: float64}, features: {y: x * mean, z: y || device}}
labels:
  again: {entity: user, source: purchases, where: amount > 0 and paid, window: 7d, value: count()}
)yaml";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

// Every id and hash of `before` is the same in `after`.
void ExpectKept(const Ids& before, const Ids& after) {
  for (const auto& [name, id] : before.events) EXPECT_EQ(after.events.at(name), id) << name;
  for (const auto& [name, id] : before.states) EXPECT_EQ(after.states.at(name), id) << name;
  for (const auto& [name, id] : before.features) EXPECT_EQ(after.features.at(name), id) << name;
}

// The features whose hash differs, in order of their names.
std::string Changed(const Ids& before, const Ids& after) {
  std::string changed;
  for (const auto& [name, id] : before.features) {
    const auto found = after.features.find(name);
    if (found == after.features.end() || found->second != id) {
      changed += (changed.empty() ? "" : " ") + name;
    }
  }
  return changed;
}

TEST(HashTest, EveryIdIsSixteenDigits) {
  const Ids ids = Compiled(kBase);
  for (const auto& [name, id] : ids.events) EXPECT_EQ(id.size(), 16u) << name;
  for (const auto& [name, id] : ids.features) EXPECT_EQ(id.size(), 16u) << name;
}

// The bytes are a contract with every store: these values change only with the codec's version.
TEST(HashTest, IdsAreFixed) {
  const Ids ids = Compiled(kBase);
  EXPECT_EQ(ids.events.at("spend"), "d1058e3ac6d4aea1");
  EXPECT_EQ(ids.states.at("spend:total_7d"), "2ddcb7403cd8998d");
  EXPECT_EQ(ids.features.at("spend:total_7d"), "4199de3c6200f494");
}

TEST(HashTest, AddingChangesNothingElse) {
  const Ids before = Compiled(kBase);
  ExpectKept(before, Compiled(std::string(kBase) + R"yaml(
  more: {entity: user, source: purchases, window: 7d, value: sum(amount)}
services:
  s: {features: ["spend:*"]}
)yaml"));
  ExpectKept(before, Compiled(Replaced(kBase, "      n: count()\n",
                                       "      m: max(event_time)\n      n: count()\n")));
  ExpectKept(before, Compiled(Replaced(kBase, "windows: [1d, 7d]", "windows: [30d, 1d, 7d]")));
  ExpectKept(before, Compiled(Replaced(kBase, "views:\n",
                                       "views:\n  a: {source: clicks, window: all, features: {n: "
                                       "count()}}\n")));
  ExpectKept(before,
             Compiled(Replaced(kBase, "features: [price]", "features: [embedding, price]")));
}

TEST(HashTest, FormattingAndDescribingChangeNothing) {
  const Ids before = Compiled(kBase);
  ExpectKept(before, Compiled(Replaced(kBase, "amount > 0 and paid", "((amount>0)  AND (paid))")));
  ExpectKept(before, Compiled(Replaced(kBase, "total_7d / n_7d", "( total_7d/n_7d )")));
  ExpectKept(before, Compiled(Replaced(kBase, "filter (where category = 'a')",
                                       "FILTER (WHERE (category='a'))")));
  ExpectKept(before, Compiled(Replaced(kBase, "n: count()",
                                       "n: {value: count( ), description: rows, owner: me}")));
  ExpectKept(before, Compiled(Replaced(kBase, "    windows:",
                                       "    description: d\n    tags: {a: b}\n"
                                       "    history: all\n    windows:")));
}

TEST(HashTest, PathsAndBrokersChangeNothing) {
  const Ids before = Compiled(kBase);
  const std::string path = "  purchases:\n    path: data/x.csv\n    description: d\n";
  ExpectKept(before, Compiled(kBase, Replaced(kShop, "  purchases:\n", path)));
  const std::string kafka =
      "  purchases:\n    kafka: {brokers: 'a:1', topic: t}\n    path: s3://b/x.csv\n"
      "    from: 2025-01-01\n";
  ExpectKept(before, Compiled(kBase, Replaced(kShop, "  purchases:\n", kafka)));
  // Another column of the source, wherever it stands.
  ExpectKept(before, Compiled(kBase, Replaced(kShop, "{user_id: string, item_id: string, category",
                                              "{zip: string, user_id: string, item_id: string, "
                                              "category")));
}

TEST(HashTest, FeaturesThatDifferInWindowShareTheirState) {
  const Ids ids = Compiled(kBase);
  EXPECT_EQ(ids.states.at("spend:n_1d"), ids.states.at("spend:n_7d"));
  EXPECT_NE(ids.features.at("spend:n_1d"), ids.features.at("spend:n_7d"));
  EXPECT_NE(ids.states.at("spend:n_1d"), ids.states.at("spend:total_1d"));
}

TEST(HashTest, ViewsOverTheSameEventsShareThem) {
  const Ids ids = Compiled(R"yaml(
views:
  a: {entity: user, source: purchases, window: 1d, features: {n: count()}}
  b: {entity: user, source: purchases, window: 7d, history: all, features: {m: count()}}
  c: {entity: user, source: purchases, where: paid, window: 1d, features: {n: count()}}
  d: {entity: item, source: purchases, window: 1d, features: {n: count()}}
  e: {entity: user, source: purchases, window: 1d, resolution: 1h, features: {n: count()}}
)yaml");
  EXPECT_EQ(ids.events.at("a"), ids.events.at("b"));
  EXPECT_EQ(ids.states.at("a:n"), ids.states.at("b:m"));
  EXPECT_NE(ids.events.at("a"), ids.events.at("c"));
  EXPECT_NE(ids.events.at("a"), ids.events.at("d"));
  EXPECT_NE(ids.events.at("a"), ids.events.at("e"));
}

TEST(HashTest, AChangeReachesWhatUsesIt) {
  const Ids before = Compiled(kBase);
  const auto changed = [&](const std::string& from, const std::string& to) {
    return Changed(before, Compiled(Replaced(kBase, from, to)));
  };
  EXPECT_EQ(changed("category = 'a'", "category = 'b'"),
            "cross:y cross:z spend:mean spend:total_1d spend:total_7d");
  EXPECT_EQ(changed("amount, 0.9", "amount, 0.8"), "spend:p_1d spend:p_7d");
  EXPECT_EQ(changed("lower(device)", "upper(device)"), "cross:z profile:device");
  EXPECT_EQ(changed("total_7d / n_7d", "n_7d / total_7d"), "cross:y cross:z spend:mean");
  EXPECT_EQ(changed("x * mean", "x + mean"), "cross:y cross:z");
  EXPECT_EQ(changed("source: profiles, features", "source: profiles, ttl: 1d, features"),
            "cross:z profile:device profile:score");
  EXPECT_EQ(changed("n: count()", "n: {value: count(), default: 1}"),
            "cross:y cross:z spend:mean spend:n_1d spend:n_7d");
  EXPECT_EQ(changed("features: [price]", "features: {price: price * 2}"), "goods:price taste:v");
  EXPECT_EQ(changed("request: {x: float64}", "request: {x: int64}"), "cross:y cross:z");
  EXPECT_EQ(changed("paid, window: 7d, value", "paid, window: 8d, value"), "label again");
}

TEST(HashTest, TypesAndPlacesOfColumnsCount) {
  const Ids before = Compiled(kBase);
  const auto changed = [&](const std::string& from, const std::string& to) {
    return Changed(before, Compiled(kBase, Replaced(kShop, from, to)));
  };
  EXPECT_EQ(changed("score: float64", "score: int64"), "profile:score");
  EXPECT_EQ(changed("score: float64", "score: {type: float64, path: a.b}"), "profile:score");
  EXPECT_EQ(changed("catalog:\n    timestamp: event_time",
                    "catalog:\n    timestamp: event_time\n    created: event_time + 1d"),
            "goods:price taste:v");
}

TEST(HashTest, ALabelIsNoFeatureOfItsView) {
  const Ids ids = Compiled(kBase);
  EXPECT_NE(ids.features.at("label again"), ids.features.at("spend:n_7d"));
}

}  // namespace
}  // namespace millrace::features
