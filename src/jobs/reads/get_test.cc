#include "jobs/reads/get.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jobs/online_testing.h"
#include "sources/table_file.h"

namespace millrace::jobs {
namespace {

using testing::HasSubstr;

constexpr const char* kEleven = "2025-01-10T11:00:00Z";
constexpr const char* kNone = "1970-01-01T00:00:00Z";

class GetTest : public OnlineTest {
 protected:
  void SetUp() override {
    OnlineTest::SetUp();
    MustPush("clicks", {Click("u1", "2.5", kEleven), Click("u1", "null", "2025-01-10T11:30:00Z"),
                        Click("u2", "null", kEleven)});
    MustPush("profiles", {R"({"user_id": "u1", "age": 30, "event_time": "2025-01-09T00:00:00Z"})",
                          R"({"user_id": "u2", "event_time": "2025-01-09T00:00:00Z"})",
                          R"({"user_id": "u3", "age": 40, "event_time": "2024-12-01T00:00:00Z"})"});
  }

  std::string MessageOf(const GetOptions& options) const {
    const auto result = Ask(options);
    return result.ok() ? "ok" : base::ProblemsOf(result.status())[0].ToString();
  }
  GetOptions OfFile(const std::string& text, const std::vector<std::string>& features) const {
    Write("keys.csv", text);
    GetOptions options;
    options.features = features;
    options.keys_file = (folder_ / "keys.csv").string();
    return options;
  }
};

TEST_F(GetTest, EveryStatus) {
  const std::vector<std::string> features = {"spend:sum", "spend:count", "profile:age"};
  EXPECT_EQ(Said(Of("u1", features)),
            "2.5 PRESENT 2025-01-10T11:30:00Z; 2 PRESENT 2025-01-10T11:30:00Z; "
            "30 PRESENT 2025-01-09T00:00:00Z");
  EXPECT_EQ(Said(Of("u2", features)),
            "null NULL_VALUE 2025-01-10T11:00:00Z; 1 PRESENT 2025-01-10T11:00:00Z; "
            "null NULL_VALUE 2025-01-09T00:00:00Z");
  EXPECT_THAT(Said(Of("u3", features)), HasSubstr(std::string("null NOT_FOUND ") + kNone));
  EXPECT_THAT(Said(Of("u3", features)), HasSubstr("null OUTSIDE_MAX_AGE"));
  EXPECT_EQ(Said(Of("u9", features)), std::string("null NOT_FOUND ") + kNone + "; 0 PRESENT " +
                                          kNone + "; null NOT_FOUND " + kNone);
}

TEST_F(GetTest, DerivedAndOnDemand) {
  GetOptions options = Of("u1", {"spend:share", "price:ratio"});
  EXPECT_EQ(MessageOf(options),
            "'price' is missing: a float64 is needed (--request price=…) [missing_column]");
  options.request = {{"price", "5"}};
  EXPECT_EQ(Said(options), "0.25 PRESENT 2025-01-10T11:30:00Z; 2.0 PRESENT 2025-01-10T11:30:00Z");
  options.keys["user_id"] = "u9";
  EXPECT_EQ(Said(options), std::string("null NULL_VALUE ") + kNone + "; null NULL_VALUE " + kNone);
}

TEST_F(GetTest, AGlobalViewNeedsNoKey) {
  GetOptions options;
  options.features = {"total:clicks"};
  EXPECT_EQ(Said(options), "3 PRESENT 2025-01-10T11:30:00Z");
  options.keys = {{"user_id", "u1"}};
  EXPECT_EQ(MessageOf(options), "--key user_id: nothing that is asked for reads it [unknown_name]");
}

TEST_F(GetTest, EarlierTimesWithinHistory) {
  GetOptions options = Of("u1", {"spend:count"});
  options.at = *base::ParseTime("2025-01-10T11:15:00Z");
  EXPECT_EQ(Said(options), "1 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_EQ(Ask(options)->as_of, options.at);
  options.at = *base::ParseTime("2025-01-10T12:00:01Z");
  EXPECT_EQ(Said(options), "as_of_out_of_range");
  options.features = {"profile:age"};
  options.at = *base::ParseTime("2025-01-10T10:59:59Z");  // its history is an hour
  EXPECT_EQ(Said(options), "as_of_out_of_range");
  EXPECT_EQ(Ask(Of("u1", {"spend:count"}))->as_of, clock_.now);
}

TEST_F(GetTest, WhatIsWrongWithTheQuestion) {
  GetOptions options = Of("u1", {"spend:summ"});
  EXPECT_EQ(MessageOf(options),
            "view 'spend' has no feature 'summ' (did you mean 'sum'?) [unknown_name]");
  options.features = {};
  EXPECT_EQ(Said(options), "usage");
  options = Of("u1", {"spend:sum"});
  options.service = "ranking";
  EXPECT_EQ(Said(options), "usage");
  options.service = "";
  options.keys = {{"usr_id", "u1"}};
  const auto problems = base::ProblemsOf(Ask(options).status());
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].ToString(),
            "--key usr_id: nothing that is asked for reads it (did you mean 'user_id'?) "
            "[unknown_name]");
  EXPECT_EQ(problems[1].ToString(),
            "'user_id' is missing: a string is needed (--key user_id=…) [missing_column]");
  options.keys_file = "keys.csv";
  EXPECT_EQ(Said(options), "usage");
  options = Of("u1", {"price:ratio"});
  options.request = {{"price", "much"}};
  EXPECT_EQ(MessageOf(options), "--request price: 'much' is not a float64 [usage]");
}

TEST_F(GetTest, ManyKeysEachAtItsTime) {
  const GetOptions options = OfFile(
      "as_of,user_id,note\n2025-01-10T11:15:00Z,u1,a\n2025-01-10T12:00:00Z,u1,b\n"
      ",u1,c\n2025-01-10T12:00:00Z,,d\n",
      {"spend:count"});
  EXPECT_EQ(Said(options), std::string("1 PRESENT 2025-01-10T11:00:00Z; "
                                       "2 PRESENT 2025-01-10T11:30:00Z; null NOT_FOUND ") +
                               kNone + "; null NOT_FOUND " + kNone);
  const auto result = Ask(options);
  EXPECT_FALSE(result->as_of.has_value());
  const auto json = nlohmann::json::parse(online::ToJson(result->answer, result->Envelope()));
  EXPECT_EQ(json["metadata"]["as_of"][1], "2025-01-10T12:00:00Z");
  EXPECT_TRUE(json["metadata"]["as_of"][2].is_null());
  EXPECT_EQ(json["metadata"]["feature_names"], nlohmann::json::parse(R"(["user_id", "count"])"));
  EXPECT_EQ(json["results"][0]["values"], nlohmann::json::parse(R"(["u1", "u1", "u1", null])"));
}

TEST_F(GetTest, KeysFilesThatDoNotFit) {
  EXPECT_EQ(Said(OfFile("user\nu1\n", {"spend:count"})), "missing_column");
  EXPECT_EQ(Said(OfFile("user_id,as_of\nu1,noon\n", {"spend:count"})), "bad_value");
  GetOptions both = OfFile("user_id,as_of\nu1,2025-01-10T12:00:00Z\n", {"spend:count"});
  both.at = clock_.now;
  EXPECT_EQ(Said(both), "usage");
  EXPECT_EQ(Said(OfFile("user_id\n", {"spend:count"})), "");
  EXPECT_EQ(Said(OfFile("user_id,price\nu1,5\n", {"price:ratio"})),
            "2.0 PRESENT 2025-01-10T11:30:00Z");
}

TEST_F(GetTest, AFileOfManyMoreRowsThanAreReadAtOnce) {
  std::string text = "user_id\n";
  constexpr int64_t kRows = 120'000;
  for (int64_t row = 0; row < kRows; ++row) text += row % 3 == 0 ? "u1\n" : "u9\n";
  GetOptions options = OfFile(text, {"spend:count"});
  options.out = (folder_ / "out.parquet").string();
  const auto result = Ask(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rows, kRows);
  const auto table = *sources::ReadTable(options.out, {});
  EXPECT_EQ(table->schema()->field_names(), (std::vector<std::string>{"user_id", "count"}));
  ASSERT_EQ(table->num_rows(), kRows);
  const auto whole = *table->CombineChunks();
  const auto& counts = static_cast<const arrow::Int64Array&>(*whole->column(1)->chunk(0));
  for (int64_t row = 0; row < kRows; ++row) ASSERT_EQ(counts.Value(row), row % 3 == 0 ? 2 : 0);
  options.keys_file = OfFile("user_id\n", {}).keys_file;
  ASSERT_TRUE(Ask(options).ok());
  EXPECT_EQ((*sources::ReadTable(options.out, {}))->num_rows(), 0);
}

TEST_F(GetTest, WithoutAnAnswerThereIsNoFile) {
  GetOptions options =
      OfFile("user_id,as_of\nu1,2025-01-10T12:00:00Z\nu1,2030-01-01\n", {"spend:count"});
  options.out = (folder_ / "out.csv").string();
  EXPECT_EQ(Said(options), "as_of_out_of_range");
  EXPECT_FALSE(std::filesystem::exists(options.out));
  options.out = (folder_ / "out.txt").string();
  EXPECT_EQ(Said(options), "usage");
}

TEST_F(GetTest, VersionsByNumber) {
  GetOptions options = Of("u1", {});
  options.service = "ranking";
  EXPECT_THAT(Said(options), HasSubstr("2.5 PRESENT"));
  std::string definitions = kDefinitions;
  const std::string list = R"(["spend:sum", "profile:age"])";
  definitions.replace(definitions.find(list), list.size(), R"(["spend:top"])");
  Write("features/all.yaml", definitions);
  MustApply();
  EXPECT_EQ(Said(options), "2.5 PRESENT 2025-01-10T11:30:00Z");
  EXPECT_EQ(Ask(options)->version, 2);
  options.service = "ranking@1";
  EXPECT_THAT(Said(options), HasSubstr("30 PRESENT"));
  EXPECT_EQ(Ask(options)->version, 1);
  options.service = "ranking@7";
  EXPECT_EQ(Said(options), "unknown_name");
  options.service = "ranking@first";
  EXPECT_EQ(Said(options), "usage");
}

TEST_F(GetTest, UntilTheNewVersionIsReadyTheFormerAnswers) {
  std::string definitions = kDefinitions;
  const std::string window = "    window: 7d\n    history: all\n    features: {sum";
  ASSERT_NE(definitions.find(window), std::string::npos);
  definitions.replace(
      definitions.find(window), window.size(),
      "    where: amount > 0\n    window: 7d\n    history: all\n    features: {sum");
  Write("features/all.yaml", definitions);
  MustApply();
  const auto former = Ask(Of("u1", {"spend:count"}));
  ASSERT_TRUE(former.ok()) << former.status();
  EXPECT_EQ(former->version, 1);
  EXPECT_EQ(Said(Of("u1", {"spend:count"})), "2 PRESENT 2025-01-10T11:30:00Z");
  MustPush("clicks", {""});  // builds what the log has all of
  EXPECT_EQ(Ask(Of("u1", {"spend:count"}))->version, 2);
  EXPECT_EQ(Said(Of("u1", {"spend:count"})), "1 PRESENT 2025-01-10T11:00:00Z");
}

TEST_F(GetTest, NobodyIsAnsweredFromWhatIsNotKeptUpAnyMore) {
  std::string definitions = kDefinitions;
  for (const char* source : {"source: clicks\n    window: 7d\n    history", "source: profiles\n"}) {
    const size_t at = definitions.find(source);
    ASSERT_NE(at, std::string::npos);
    definitions.insert(definitions.find('\n', at), "\n    where: user_id <> 'u7'");
  }
  Write("features/all.yaml", definitions);
  MustApply();
  const std::vector<std::string> both = {"spend:count", "profile:age"};
  EXPECT_EQ(Ask(Of("u1", both))->version, 1);
  MustPush("clicks", {Click("u1", "1", kEleven)});
  // The first version's spend gets no rows any more, the second one's profile is not there.
  EXPECT_EQ(Said(Of("u1", both)), "not_ready");
  EXPECT_EQ(Ask(Of("u1", {"spend:count"}))->version, 2);
  EXPECT_EQ(Ask(Of("u1", {"profile:age"}))->version, 1);
  MustPush("profiles", {""});
  EXPECT_EQ(Ask(Of("u1", both))->version, 2);
  EXPECT_EQ(Said(Of("u1", {"spend:count"})), "3 PRESENT 2025-01-10T11:30:00Z");
}

TEST_F(GetTest, NoStoreAndNoRows) {
  EXPECT_EQ(MessageOf(Of("u1", {"ordered:orders"})),
            "the online store does not have all of 'ordered' yet (`millrace materialize` fills "
            "it) [not_ready]");
  std::filesystem::remove_all(folder_ / "online");
  EXPECT_THAT(MessageOf(Of("u1", {"spend:count"})), HasSubstr("[file_not_found]"));
  EXPECT_THAT(MessageOf(Of("u1", {"spend:count"})), HasSubstr("push"));
  EXPECT_EQ(Said(Of("u1", {"spend:cout"})), "unknown_name");
}

}  // namespace
}  // namespace millrace::jobs
