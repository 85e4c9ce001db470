// The registry as JSON: every kind, one item, the history; and that what is hidden from a caller is
// nowhere in what it is told.
#include "serve/routes/registry_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jobs/definitions/catalog_json.h"
#include "registry/diff.h"
#include "registry/plan_testing.h"

namespace millrace::serve {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kViews = R"(
  hits:
    path: ${HITS_DIR:-data}/hits.csv
    timestamp: at
    columns: {user_id: string, at: timestamp}
views:
  spend:
    entity: user
    source: purchases
    window: 7d
    features: {n: count(), paid: sum(amount)}
  goods:
    entity: item
    source: catalog
    features: [price]
  visits:
    entity: user
    source: hits
    window: 1d
    features: {visits: count()}
on_demand:
  offers:
    inputs: [spend, goods]
    request: {offer: float64}
    features: {share: offer / price}
labels:
  buys: {entity: user, source: purchases, window: 7d, value: count()}
services:
  ranking: {features: ["spend:paid", "offers:share"]}
  counting: {features: ["visits:visits", "spend:n"]}
)";

constexpr const char* kFewer = R"(
views:
  spend:
    entity: user
    source: purchases
    window: 7d
    features: {n: count()}
  gone:
    entity: user
    source: purchases
    window: 3d
    features: {secret: count()}
services:
  counting: {features: ["gone:secret", "spend:n"]}
)";

bool Everything(std::string_view) {
  return true;
}

class RegistryJsonTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto first = registry::PlanOf(std::string(registry::kSources) + kFewer);
    const auto second = registry::PlanOf(std::string(registry::kSources) + kViews);
    newest_ = {.header = {.number = 2,
                          .author = "ann",
                          .time = base::EventTime::Micros(1'735'689'600'000'000),
                          .diff = registry::ToText(registry::DiffPlans(first.get(), *second))},
               .content = {.plan = second, .texts = {}}};
    history_ = {newest_.header,
                {.number = 1,
                 .author = "bob",
                 .time = base::EventTime::Micros(0),
                 .diff = registry::ToText(registry::DiffPlans(nullptr, *first))}};
  }

  base::Result<std::string> Get(const std::string& path,
                                const MayRead& may_read = Everything) const {
    return RegistryJson(newest_, history_, path, may_read);
  }
  json Json(const std::string& path, const MayRead& may_read = Everything) const {
    const auto body = Get(path, may_read);
    EXPECT_TRUE(body.ok()) << path << ": " << body.status().ToString();
    return body.ok() ? json::parse(*body) : json();
  }
  std::vector<std::string> Names(const std::string& kind,
                                 const MayRead& may_read = Everything) const {
    std::vector<std::string> names;
    const json page = Json("/registry/" + kind, may_read);
    for (const json& item : page["items"]) names.push_back(item["name"]);
    return names;
  }

  registry::Version newest_;
  std::vector<registry::VersionHeader> history_;
};

TEST_F(RegistryJsonTest, TheRegistryItself) {
  const json expected = json::parse(R"({"project": "shop", "version": 2, "author": "ann",
    "time": "2025-01-01T00:00:00Z", "counts": {"entities": 2, "sources": 3, "views": 3,
    "features": 5, "labels": 1, "services": 2, "on_demand": 1}})");
  EXPECT_EQ(Json("/registry"), expected);
  EXPECT_EQ(Json("/registry/"), expected);
}

TEST_F(RegistryJsonTest, EveryKindByItsNames) {
  EXPECT_THAT(Names("entities"), ElementsAre("item", "user"));
  EXPECT_THAT(Names("sources"), ElementsAre("catalog", "hits", "purchases"));
  EXPECT_THAT(Names("views"), ElementsAre("goods", "spend", "visits"));
  EXPECT_THAT(Names("features"),
              ElementsAre("goods:price", "spend:n", "spend:paid", "visits:visits", "offers:share"));
  EXPECT_THAT(Names("on_demand"), ElementsAre("offers"));
  EXPECT_THAT(Names("labels"), ElementsAre("buys"));
  EXPECT_THAT(Names("services"), ElementsAre("counting", "ranking"));
}

TEST_F(RegistryJsonTest, AnItemIsWhatShowPrints) {
  for (const registry::Item& item : registry::Describe(*newest_.content.plan)) {
    const std::string section = item.kind == "entity"      ? "entities"
                                : item.kind == "on_demand" ? item.kind
                                                           : item.kind + "s";
    EXPECT_EQ(*Get("/registry/" + section + "/" + item.name),
              jobs::JsonText(jobs::ItemJson(2, item)));
  }
  const json spend = Json("/registry/views/spend");
  EXPECT_EQ(spend["kind"], "view");
  EXPECT_EQ(spend["version"], 2);
  EXPECT_THAT(spend["properties"]["features"], ElementsAre("n", "paid"));
}

TEST_F(RegistryJsonTest, NamesMayBeEncoded) {
  EXPECT_EQ(Json("/registry/features/spend%3Apaid")["name"], "spend:paid");
  EXPECT_EQ(Json("/registry/views/%73pend")["name"], "spend");
  for (const char* bad : {"%7", "%", "%zz", "sp%65nd%", "spend%00", "spend/x"}) {
    EXPECT_FALSE(Get("/registry/views/" + std::string(bad)).ok()) << bad;
  }
}

TEST_F(RegistryJsonTest, TheHistoryIsWhatHistoryPrints) {
  const json history = Json("/registry/versions");
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0], json(jobs::VersionJson(newest_.header)));
  EXPECT_EQ(history[1]["author"], "bob");
  EXPECT_EQ(history[1]["time"], "1970-01-01T00:00:00Z");
  EXPECT_THAT(history[0]["diff"].get<std::string>(), HasSubstr("- view gone\n"));
}

TEST_F(RegistryJsonTest, UnknownNamesNameTheNearest) {
  const struct {
    const char* path;
    const char* says;
  } cases[] = {
      {"/registry/views/spent", "version 2 has no view 'spent' (did you mean 'spend'?)"},
      {"/registry/services/spend", "version 2 has no service 'spend' [unknown_name]"},
      {"/registry/features/paid", "version 2 has no feature 'paid'"},
      {"/registry/vews", "did you mean 'views'?"},
      {"/registry/view/spend", "the registry has no 'view/spend'"},
      {"/registry/versions/1", "the registry has no 'versions/1'"},
      {"/registry//x", "the registry has no '/x'"},
      {"/registry/registry/x", "the registry has no 'registry/x'"},
  };
  for (const auto& one : cases) {
    const base::Status status = Get(one.path).status();
    const auto problems = base::ProblemsOf(status);
    ASSERT_EQ(problems.size(), 1u) << one.path;
    EXPECT_EQ(problems[0].code, base::codes::kUnknownName);
    EXPECT_THAT(status.message(), HasSubstr(one.says)) << one.path;
  }
}

TEST_F(RegistryJsonTest, VariablesStandUnexpanded) {
  ASSERT_EQ(::setenv("HITS_DIR", "/secret", 1), 0);
  EXPECT_EQ(Json("/registry/sources/hits")["properties"]["path"], "${HITS_DIR:-data}/hits.csv");
  EXPECT_THAT(*Get("/registry/versions"), HasSubstr("${HITS_DIR:-data}/hits.csv"));
  EXPECT_THAT(*Get("/registry/versions"), Not(HasSubstr("/secret")));
}

TEST_F(RegistryJsonTest, WhoMayReadOneViewSeesWhatItIsMadeOf) {
  const MayRead spend = [](std::string_view name) { return name == "spend"; };
  EXPECT_THAT(Names("views", spend), ElementsAre("spend"));
  EXPECT_THAT(Names("features", spend), ElementsAre("spend:n", "spend:paid"));
  EXPECT_THAT(Names("sources", spend), ElementsAre("purchases"));
  EXPECT_THAT(Names("entities", spend), ElementsAre("user"));
  EXPECT_THAT(Names("on_demand", spend), ElementsAre());
  EXPECT_THAT(Names("services", spend), ElementsAre());
  EXPECT_THAT(Names("labels", spend), ElementsAre());
  EXPECT_EQ(Json("/registry", spend)["counts"], json::parse(R"({"entities": 1, "sources": 1,
    "views": 1, "features": 2, "labels": 0, "services": 0, "on_demand": 0})"));
}

TEST_F(RegistryJsonTest, WhatIsMadeOfSeveralIsShownToWhomMayReadAll) {
  const auto all_but = [](std::string hidden) {
    return [hidden = std::move(hidden)](std::string_view name) { return name != hidden; };
  };
  EXPECT_THAT(Names("on_demand", all_but("goods")), ElementsAre());
  EXPECT_THAT(Names("services", all_but("goods")), ElementsAre("counting"));
  EXPECT_THAT(Names("features", all_but("goods")),
              ElementsAre("spend:n", "spend:paid", "visits:visits"));
  EXPECT_THAT(Names("on_demand", all_but("offers")), ElementsAre());
  EXPECT_THAT(Names("services", all_but("offers")), ElementsAre("counting"));
  EXPECT_THAT(Names("services", all_but("visits")), ElementsAre("ranking"));
  EXPECT_THAT(Names("services", all_but("spend")), ElementsAre());
  EXPECT_THAT(Names("sources", [](std::string_view name) { return name == "hits"; }),
              ElementsAre("hits"));
  EXPECT_THAT(Names("labels", [](std::string_view name) { return name == "buys"; }),
              ElementsAre("buys"));
}

TEST_F(RegistryJsonTest, WhatIsHiddenIsNowhere) {
  const MayRead visits = [](std::string_view name) { return name == "visits"; };
  for (const char* path : {"/registry", "/registry/views", "/registry/features",
                           "/registry/sources", "/registry/entities", "/registry/services",
                           "/registry/on_demand", "/registry/labels", "/registry/versions"}) {
    const std::string body = *Get(path, visits);
    for (const char* hidden : {"spend", "goods", "offers", "ranking", "buys", "gone", "secret",
                               "purchases", "catalog"}) {
      EXPECT_THAT(body, Not(HasSubstr(hidden))) << path;
    }
  }
  const auto refused = [&](const std::string& path) {
    return Get(path, visits).status().message();
  };
  EXPECT_EQ(refused("/registry/views/spend"), "version 2 has no view 'spend' [unknown_name]");
  EXPECT_THAT(refused("/registry/views/spent"), Not(HasSubstr("'spend'")));
  EXPECT_THAT(refused("/registry/services/counting"), HasSubstr("unknown_name"));
  EXPECT_THAT(refused("/registry/features/spend:n"), HasSubstr("unknown_name"));
}

TEST_F(RegistryJsonTest, DifferencesNameNothingHidden) {
  // May see the service as it is, but not a view that it was made of.
  const MayRead some = [](std::string_view name) {
    return name == "spend" || name == "visits" || name == "counting";
  };
  const json history = Json("/registry/versions", some);
  const std::string newest = history[0]["diff"];
  EXPECT_THAT(newest, HasSubstr("+ view visits"));
  EXPECT_THAT(newest, HasSubstr("+ feature spend:paid"));
  EXPECT_THAT(newest, HasSubstr("~ service counting\n"));
  EXPECT_THAT(newest, Not(HasSubstr("gone")));
  EXPECT_THAT(newest, Not(HasSubstr("offers")));
  EXPECT_THAT(history[1]["diff"].get<std::string>(), Not(HasSubstr("secret")));
  EXPECT_THAT(history[1]["diff"].get<std::string>(), HasSubstr("+ service counting\n"));
}

TEST_F(RegistryJsonTest, RoutesAreNamedByNothingThatWasSent) {
  EXPECT_EQ(RegistryRoute("/registry"), "/registry");
  EXPECT_EQ(RegistryRoute("/registry/views"), "/registry/{kind}");
  EXPECT_EQ(RegistryRoute("/registry/views/x"), "/registry/{kind}/{name}");
  EXPECT_EQ(RegistryRoute("/registry/versions"), "/registry/versions");
  EXPECT_EQ(RegistryRoute("/registry/nonsense/x"), "/registry");
}

}  // namespace
}  // namespace millrace::serve
