// What valid definitions compile to: the contract's example, expansion, kinds, scopes.
#include "features/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "features/compiler/definition_testing.h"
#include "features/plan_codec.h"

namespace millrace::features {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kContract = R"yaml(
entities:
  user: {keys: {user_id: string}, description: A shopper, owner: growth, tags: {pii: "no"}}
  item: {keys: {item_id: string}}
  airport: {keys: {airport: string}}

sources:
  purchases:
    path: data/purchases/*.parquet
    format: parquet
    timestamp: event_time
    created: ingested_at
    rename: {user_id: customer_no}
    columns: {user_id: string, item_id: string, category: string, amount: float64, event_time: timestamp, ingested_at: timestamp, device: {type: string, path: context.device}}
    kafka: {brokers: "localhost:9092", topic: user-events, group: feature-computation, format: json, watermark: 5s}
    from: 2025-01-01T00:00:00Z
  profiles:
    path: data/profiles.parquet
    timestamp: event_time
  clicks: {path: data/clicks.csv, timestamp: event_time, columns: {user_id: string, item_id: string, event_time: timestamp}}
  catalog: {path: data/catalog.json, timestamp: event_time, columns: {item_id: string, embedding: "vector<float32, 8>", category: string, event_time: timestamp}}
  reports: {timestamp: hour, created: hour + 1h, columns: {airport: string, temp: float64, hour: timestamp}}

views:
  user_spend:
    entity: user
    source: purchases
    where: amount > 0
    windows: [1d, 7d, 30d, 90d]
    features:
      count: count()
      sum: sum(amount)
      avg: avg(amount)
      std: stddev(amount)
      unique_categories: nunique(category)
      big: count() filter (where amount > 100)
      p90: "percentile(amount, 0.9)"
      last_item: {value: last(item_id), window: 30d, default: ""}
    derived:
      trend_7d_30d: count_7d / greatest(count_30d / 4.28, 1)
    resolution: exact
    history: 1h
  user_profile:
    entity: user
    source: profiles
    ttl: 30d
    features: [age_bucket, device]
  item_catalog:
    entity: item
    source: catalog
    features: [embedding]
  item_profile:
    entity: item
    source: catalog
    features: {category: category}
  weather: {entity: airport, source: reports, features: [temp]}
  user_taste:
    entity: user
    source: clicks
    lookup: {item: item_catalog}
    window: 30d
    features: {taste: "vector_recency_avg(item.embedding, 50)"}

on_demand:
  affinity:
    inputs: [user_profile, user_spend, item_profile]
    request: {price: float64}
    features:
      user_age_x_item_category: age_bucket || '_' || category
      price_vs_avg_spend: price / greatest(avg_30d, 0.01)

labels:
  buys_again_30d: {entity: user, source: purchases, window: 30d, value: count()}

services:
  ranking_v1:
    features: ["user_spend:*", "user_profile:device", {view: weather, as: dest_weather, keys: {airport: dest}}, "affinity:*"]
    log: 1.0
)yaml";

SchemaReader ContractSchemas() {
  return SchemasOf({{"data/purchases/*.parquet",
                     {{"customer_no", columns::Kind::kString},
                      {"item_id", columns::Kind::kString},
                      {"category", columns::Kind::kString},
                      {"amount", columns::Kind::kFloat64},
                      {"event_time", columns::Kind::kTimestamp},
                      {"ingested_at", columns::Kind::kTimestamp}}},
                    {"data/profiles.parquet",
                     {{"user_id", columns::Kind::kString},
                      {"age_bucket", columns::Kind::kString},
                      {"device", columns::Kind::kString},
                      {"event_time", columns::Kind::kTimestamp}}}});
}

std::shared_ptr<const FeaturePlan> Contract() {
  auto plan = CompileTexts({kContract}, ContractSchemas());
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : std::make_shared<const FeaturePlan>();
}

std::vector<std::string> NamesOf(const auto& items) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name);
  return names;
}

TEST(CompileTest, ListsStandInOrderOfNames) {
  const auto plan = Contract();
  EXPECT_EQ(plan->project, "shop");
  EXPECT_THAT(NamesOf(plan->entities), ElementsAre("airport", "item", "user"));
  EXPECT_THAT(NamesOf(plan->sources),
              ElementsAre("catalog", "clicks", "profiles", "purchases", "reports"));
  EXPECT_THAT(NamesOf(plan->views), ElementsAre("item_catalog", "item_profile", "user_profile",
                                                "user_spend", "user_taste", "weather"));
  EXPECT_EQ(plan->entities[2].description, "A shopper");
  EXPECT_EQ(plan->entities[2].owner, "growth");
  EXPECT_EQ(plan->entities[2].tags.at("pii"), "no");
}

TEST(CompileTest, ASourceHasItsColumnsTimesAndPlace) {
  const auto plan = Contract();
  const Source& source = plan->sources[plan->FindSource("purchases")];
  EXPECT_THAT(NamesOf(source.columns), ElementsAre("user_id", "item_id", "category", "amount",
                                                   "event_time", "ingested_at", "device"));
  EXPECT_EQ(source.columns[source.timestamp].name, "event_time");
  EXPECT_EQ(source.created.text(), "ingested_at");
  EXPECT_EQ(source.location.column_paths.at("user_id"), "customer_no");
  EXPECT_EQ(source.location.column_paths.at("device"), "context.device");
  EXPECT_EQ(source.location.kafka.at("topic"), "user-events");
  EXPECT_EQ(source.location.kafka.at("watermark"), "5s");
  EXPECT_EQ(base::FormatTime(*source.from), "2025-01-01T00:00:00Z");
  EXPECT_EQ(plan->sources[plan->FindSource("catalog")].location.format, "json");
}

TEST(CompileTest, WindowsExpandByTheirSuffixAsTyped) {
  const auto plan = Contract();
  const View& view = plan->views[plan->FindView("user_spend")];
  EXPECT_EQ(view.kind, ViewKind::kWindowed);
  EXPECT_EQ(view.features.size(), 7u * 4 + 1 + 1);
  EXPECT_EQ(view.features[0].name, "count_1d");
  EXPECT_EQ(view.features[3].name, "count_90d");
  EXPECT_EQ(view.features[4].name, "sum_1d");
  EXPECT_EQ(view.stored_count(), 29);
  EXPECT_EQ(view.features[0].type, Type(columns::Kind::kInt64));
  EXPECT_EQ(*view.features[3].window.length, base::Duration::Days(90));
  EXPECT_EQ(*view.LongestWindow().length, base::Duration::Days(90));
  EXPECT_EQ(view.where.text(), "amount > 0");
}

TEST(CompileTest, InputsAndFiltersAreShared) {
  const auto plan = Contract();
  const View& view = plan->views[plan->FindView("user_spend")];
  ASSERT_EQ(view.inputs.size(), 3u);  // amount, category, item_id
  ASSERT_EQ(view.filters.size(), 1u);
  EXPECT_EQ(view.filters[0].text(), "amount > 100");
  const Feature& p90 = view.features[view.FindFeature("p90_7d")];
  EXPECT_EQ(view.inputs[p90.input].text(), "amount");
  ASSERT_EQ(p90.call.parameters.size(), 1u);
  EXPECT_EQ(p90.call.parameters[0].as_float(), 0.9);
  const Feature& big = view.features[view.FindFeature("big_1d")];
  EXPECT_EQ(big.input, -1);
  EXPECT_EQ(big.filter, 0);
  EXPECT_EQ(view.features[0].filter, -1);
}

TEST(CompileTest, AFeaturesOwnWindowAddsNoSuffixAndADefaultHasItsType) {
  const auto plan = Contract();
  const View& view = plan->views[plan->FindView("user_spend")];
  const int last = view.FindFeature("last_item");
  ASSERT_GE(last, 0);
  EXPECT_EQ(view.features[last].default_value.as_string(), "");
  EXPECT_TRUE(view.features[0].default_value.is_null());
}

TEST(CompileTest, DerivedFeaturesComeInAnyOrder) {
  const auto compiled = CompileShop(R"yaml(
views:
  v:
    entity: user
    source: purchases
    window: 1h
    features: {n: count(), s: sum(amount)}
    derived:
      c: b + a
      b: a * 2
      a: s / n
      hour: extract(hour from as_of)
)yaml");
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const View& view = (*compiled)->views[0];
  EXPECT_THAT(NamesOf(view.features), ElementsAre("n", "s", "c", "b", "a", "hour"));
  EXPECT_THAT(view.derived_order, ElementsAre(4, 3, 2, 5));
  EXPECT_EQ(view.features[2].type, Type(columns::Kind::kFloat64));
  EXPECT_THAT(view.features[5].expression.columns(), ElementsAre(6));
}

TEST(CompileTest, EventTimeIsANameInSnapshotViews) {
  const std::string definitions = R"yaml(
sources: {changes: {path: c.csv, timestamp: ts, columns: {ts: timestamp, user_id: string}}}
entities: {user: {keys: {user_id: string}}}
views:
  v:
    entity: user
    source: changes
    features: {since: event_time}
    derived: {d: (as_of - event_time) / 1d}
)yaml";
  const auto compiled = CompileTexts({definitions});
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const View& view = (*compiled)->views[0];
  EXPECT_THAT(view.features[0].expression.columns(), ElementsAre(0));
  EXPECT_THAT(view.features[1].expression.columns(), ElementsAre(2, 3));
  // The row that answers depends on the ttl.
  const auto other = CompileTexts({definitions + "    ttl: 2d\n"});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_NE(view.features[1].hash, (*other)->views[0].features[1].hash);
}

TEST(CompileTest, ALookupAddsTheStoredFeaturesOfASnapshotView) {
  const auto plan = Contract();
  const View& view = plan->views[plan->FindView("user_taste")];
  ASSERT_EQ(view.lookups.size(), 1u);
  EXPECT_EQ(view.lookups[0].view, plan->FindView("item_catalog"));
  EXPECT_THAT(view.lookups[0].key_columns, ElementsAre(1));
  EXPECT_EQ(view.lookups[0].first_column, 3);
  EXPECT_EQ(view.row_columns[3].name, "item.embedding");
  EXPECT_EQ(view.features[0].type, Type::Vector(8));
}

TEST(CompileTest, ASnapshotViewHasRowFeatures) {
  const auto plan = Contract();
  const View& view = plan->views[plan->FindView("user_profile")];
  EXPECT_EQ(view.kind, ViewKind::kSnapshot);
  EXPECT_EQ(view.ttl, base::Duration::Days(30));
  EXPECT_THAT(NamesOf(view.features), ElementsAre("age_bucket", "device"));
  EXPECT_EQ(view.features[0].kind, FeatureKind::kRow);
  EXPECT_EQ(view.keys[0].name, "user_id");
}

TEST(CompileTest, OnDemandViewsSeeInputsRequestAndOwnFeatures) {
  const auto plan = Contract();
  const OnDemandView& view = plan->on_demand[0];
  EXPECT_EQ(view.inputs.size(), 3u);
  EXPECT_EQ(view.scope_columns[0].name, "user_profile.age_bucket");
  EXPECT_EQ(view.scope_columns[view.request_offset].name, "price");
  EXPECT_EQ(view.scope_columns[view.as_of_column].name, "as_of");
  EXPECT_EQ(view.features[0].type, Type(columns::Kind::kString));
  EXPECT_EQ(view.features[1].type, Type(columns::Kind::kFloat64));
}

TEST(CompileTest, OnDemandViewsReadOtherOnDemandViews) {
  const auto compiled = CompileShop(R"yaml(
views:
  v: {entity: user, source: purchases, window: 1h, features: {n: count()}}
on_demand:
  second: {inputs: [first], features: {c: a + first.b + as_of_hour, as_of_hour: extract(hour from as_of)}}
  first: {inputs: [v], request: {x: int64}, features: {b: a + 1, a: {value: n * x, default: 7}}}
services:
  s: {features: ["second:*"]}
)yaml");
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const FeaturePlan& plan = **compiled;
  const OnDemandView& second = plan.on_demand[plan.FindOnDemand("second")];
  EXPECT_THAT(NamesOf(second.features), ElementsAre("c", "as_of_hour", "first.b", "first.a"));
  EXPECT_TRUE(second.features[3].inherited);
  EXPECT_EQ(second.features[3].default_value.as_int(), 7);
  EXPECT_EQ(second.features[3].expression.text(), "v.n * request.x");
  EXPECT_THAT(second.inputs, ElementsAre(0));
  EXPECT_EQ(second.named_inputs, 0);
  EXPECT_THAT(NamesOf(second.request), ElementsAre("x"));
  EXPECT_EQ(plan.services[0].features.size(), 2u);
}

TEST(CompileTest, LabelsAreAggregatesAhead) {
  const auto plan = Contract();
  const Label& label = plan->labels[0];
  EXPECT_EQ(label.name, "buys_again_30d");
  EXPECT_EQ(label.length, base::Duration::Days(30));
  ASSERT_EQ(label.view.features.size(), 1u);
  EXPECT_EQ(label.view.features[0].name, "buys_again_30d");
  EXPECT_EQ(label.view.features[0].aggregate->result_type(), Type(columns::Kind::kInt64));
  // A label is no feature, whatever window they share.
  EXPECT_NE(label.view.features[0].hash, "");
}

TEST(CompileTest, ServicesAreExpanded) {
  const auto plan = Contract();
  const Service& service = plan->services[0];
  EXPECT_EQ(service.features.size(), 30u + 1 + 1 + 2);
  EXPECT_EQ(service.features[30].feature, "device");
  EXPECT_EQ(service.features[31].view, "weather");
  EXPECT_EQ(service.features[31].as, "dest_weather");
  EXPECT_EQ(service.features[31].keys.at("airport"), "dest");
  EXPECT_EQ(service.log, 1.0);
}

TEST(CompileTest, AViewWithoutAnEntityIsGlobal) {
  const auto compiled =
      CompileShop("views: {v: {source: purchases, windows: [1h, all], features: {n: count()}}}");
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const View& view = (*compiled)->views[0];
  EXPECT_TRUE(view.entities.empty());
  EXPECT_TRUE(view.keys.empty());
  EXPECT_THAT(NamesOf(view.features), ElementsAre("n_1h", "n_all"));
  EXPECT_FALSE(view.LongestWindow().length.has_value());
}

TEST(CompileTest, SeveralEntitiesMakeOneKey) {
  const auto compiled = CompileShop(
      "views: {v: {entities: [user, item], source: purchases, window: 1h, history: all, "
      "features: {n: count()}}}");
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const View& view = (*compiled)->views[0];
  EXPECT_THAT(NamesOf(view.keys), ElementsAre("user_id", "item_id"));
  EXPECT_THAT(view.key_columns, ElementsAre(0, 1));
  EXPECT_FALSE(view.history.has_value());
}

TEST(CompileTest, IntegerTimesHaveAUnitAndOtherTimesAreCast) {
  const auto compiled = CompileTexts({R"yaml(
sources:
  a: {timestamp: at, created: known, timestamp_unit: ms, columns: {at: int64, known: int64, x: int64}}
  b: {timestamp: at, created: known, columns: {at: date, known: string}}
)yaml"});
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const Source& a = (*compiled)->sources[0];
  EXPECT_EQ(a.timestamp_unit, TimestampUnit::kMillis);
  EXPECT_EQ(a.created.text(), "known");
  const Source& b = (*compiled)->sources[1];
  EXPECT_EQ(b.created.type(), Type(columns::Kind::kTimestamp));
}

TEST(CompileTest, DefaultsOfEveryShape) {
  const auto compiled = CompileShop(R"yaml(
views:
  v:
    entity: user
    source: purchases
    window: 1h
    features:
      a: {value: sum(amount), default: -1}
      b: {value: "last_k(category, 2)", default: [none, "no"]}
      c: {value: histogram(category), default: {b: 2, a: 1}}
      d: {value: any(paid), default: false}
      e: {value: max(event_time), default: 2025-01-01}
)yaml");
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const auto& features = (*compiled)->views[0].features;
  EXPECT_EQ(features[0].default_value.as_float(), -1.0);
  EXPECT_EQ(features[1].default_value.as_list()[1].as_string(), "no");
  EXPECT_EQ(features[2].default_value.as_map()[0].first.as_string(), "a");
  EXPECT_FALSE(features[3].default_value.as_bool());
  EXPECT_EQ(columns::ToText(features[4].default_value, features[4].type), "2025-01-01T00:00:00Z");
}

TEST(CompileTest, AnySplitIntoFilesIsTheSameRepository) {
  const std::string text = kContract;
  const size_t views = text.find("\nviews:");
  const size_t labels = text.find("\nlabels:");
  const auto split = CompileTexts({text.substr(labels), text.substr(views, labels - views), "",
                                   "# nothing\n", text.substr(0, views)},
                                  ContractSchemas());
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_EQ(EncodePlan(**split), EncodePlan(*Contract()));
}

TEST(CompileTest, NothingIsARepositoryToo) {
  const auto compiled = CompileTexts({});
  ASSERT_TRUE(compiled.ok());
  EXPECT_TRUE((*compiled)->views.empty());
}

}  // namespace
}  // namespace millrace::features
