#include "jobs/training/proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

namespace millrace::jobs {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

Proof Full() {
  Proof proof;
  proof.project = "shop \"1\" \n ü";
  proof.registry_version = 3;
  proof.columns = {{"sum_7d", "spend:sum_7d", "00112233445566ff"}, {"buys", "label buys", "aa"}};
  proof.options.features = {"spend:*"};
  proof.options.labels = {"buys"};
  proof.options.timestamp = "event_timestamp";
  proof.options.full_names = true;
  proof.options.every = base::Duration::Days(1);
  proof.options.from = base::EventTime::Micros(-1);
  proof.options.to = base::EventTime::Micros(1'735'689'600'000'000);
  proof.spine = sources::InputFile{"spine.csv", 12, "ab"};
  proof.sources = {{"purchases", true, 3, 7, {{"data/a.csv", 1, "t1"}, {"s3://b/c", 2, "t2"}}}};
  proof.rows_in = 4;
  proof.rows_out = 5;
  proof.rows_null_key = 6;
  proof.rows_null_time = 8;
  proof.rejected = {{"view spend", "null_key", 9}};
  proof.null_cells = {{"sum_7d", "not_found", 10}};
  proof.gaps = {{"spend", base::Duration::Micros(-1), std::nullopt}};
  proof.assumptions = {"assumes"};
  proof.output = {100, "tag", 5, 4};
  return proof;
}

std::string ErrorOf(const std::string& text) {
  const auto proof = ProofFromJson(text);
  if (proof.ok()) return "";
  const auto problems = base::ProblemsOf(proof.status());
  EXPECT_EQ(problems[0].code, base::codes::kCorrupt);
  return problems[0].message;
}

TEST(Proof, ComesBackAsItWas) {
  const std::string text = ToJson(Full());
  const auto read = ProofFromJson(text);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(ToJson(*read), text);
  EXPECT_EQ(read->digest, DigestOf(*read));
  EXPECT_EQ(read->digest, DigestOf(Full()));
  EXPECT_EQ(read->options.every, base::Duration::Days(1));
  EXPECT_EQ(read->gaps[0].event, base::Duration::Micros(-1));
  EXPECT_FALSE(read->gaps[0].created.has_value());
  EXPECT_EQ(read->sources[0].files[1].path, "s3://b/c");
  const std::string bare = ToJson(Proof());
  ASSERT_TRUE(ProofFromJson(bare).ok());
  EXPECT_EQ(ToJson(*ProofFromJson(bare)), bare);
}

TEST(Proof, PathsThatAreNotUtf8StopNothing) {
  Proof proof = Full();
  proof.spine->path = "\xff.csv";
  const auto read = ProofFromJson(ToJson(proof));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->digest, DigestOf(proof));
}

TEST(Proof, EveryValueIsInTheDigest) {
  const Json json = Json::parse(ToJson(Full())).flatten();
  for (const auto& [pointer, value] : json.items()) {
    if (pointer == "/digest" || pointer.starts_with("/format")) continue;
    Json changed = json;
    if (value.is_string()) {
      const bool is_time = pointer == "/options/from" || pointer == "/options/to";
      changed[pointer] = is_time ? "2025-03-01T00:00:00Z" : value.get<std::string>() + "x";
    } else if (value.is_boolean()) {
      changed[pointer] = !value.get<bool>();
    } else if (value.is_null()) {
      // An empty list flattens to null, as does a gap that there is none of.
      if (pointer != "/gaps/0/created_us") continue;
      changed[pointer] = -5;
    } else {
      changed[pointer] = value.get<int64_t>() + 1;
    }
    Json whole = changed.unflatten();
    const auto read = ProofFromJson(whole.dump());
    ASSERT_TRUE(read.ok()) << pointer << read.status().ToString();
    EXPECT_NE(DigestOf(*read), read->digest) << pointer;
  }
}

// Calls see(place, json) for every value in the text, which see may change in its copy of the root.
void ForEachPointer(const Json& json, const Json::json_pointer& at,
                    const std::function<void(const Json::json_pointer&)>& see) {
  see(at);
  if (json.is_object()) {
    for (const auto& [name, value] : json.items()) ForEachPointer(value, at / name, see);
  }
  for (size_t i = 0; json.is_array() && i < json.size(); ++i) ForEachPointer(json[i], at / i, see);
}

TEST(Proof, EveryFieldIsNeededAndOfItsType) {
  const Json whole = Json::parse(ToJson(Full()));
  int fields = 0;
  ForEachPointer(whole, Json::json_pointer(), [&](const Json::json_pointer& at) {
    if (at.empty()) return;
    for (const Json& wrong : {Json(1.5), Json(Json::object()), Json::array({Json::array()})}) {
      Json damaged = whole;
      damaged[at] = wrong;
      EXPECT_THAT(ErrorOf(damaged.dump()), HasSubstr("no proof")) << at << " " << wrong;
    }
    Json damaged = whole;
    Json& parent = damaged[at.parent_pointer()];
    if (!parent.is_object()) return;
    ++fields;
    parent.erase(at.back());
    EXPECT_THAT(ErrorOf(damaged.dump()), HasSubstr(at.back() + " is missing"));
    damaged = whole;
    damaged[at.parent_pointer()]["more"] = 1;
    EXPECT_THAT(ErrorOf(damaged.dump()), HasSubstr("more is no field"));
  });
  EXPECT_GT(fields, 50);
}

TEST(Proof, ThePlaceIsNamed) {
  Json json = Json::parse(ToJson(Full()));
  json["sources"][0]["files"][1]["bytes"] = "many";
  EXPECT_THAT(ErrorOf(json.dump()), HasSubstr("sources[0].files[1].bytes is not a whole number"));
  json["sources"][0]["files"][1]["bytes"] = -1;
  EXPECT_THAT(ErrorOf(json.dump()), HasSubstr("sources[0].files[1].bytes is not a count"));
  json["sources"][0]["files"][1]["bytes"] = uint64_t{1} << 63;
  EXPECT_THAT(ErrorOf(json.dump()), HasSubstr("64 bits"));
  json = Json::parse(ToJson(Full()));
  json["format_version"] = 2;
  EXPECT_THAT(ErrorOf(json.dump()), HasSubstr("format_version is not 1"));
  json = Json::parse(ToJson(Full()));
  json["options"]["from"] = "2025-01-01";
  EXPECT_THAT(ErrorOf(json.dump()), HasSubstr("options.from is not a time"));
}

TEST(Proof, NoCutOrChangedByteBreaksTheReader) {
  const std::string text = ToJson(Full());
  for (size_t size = 0; size < text.size(); ++size) EXPECT_NE(ErrorOf(text.substr(0, size)), "");
  const std::string original = ToJson(*ProofFromJson(text));
  for (size_t at = 0; at < text.size(); ++at) {
    for (const char byte : {'0', '"', '{', '\0', '\xff', ' '}) {
      std::string changed = text;
      changed[at] = byte;
      const auto read = ProofFromJson(changed);
      // What still reads either says the same or has a digest that is not its own.
      if (!read.ok() || DigestOf(*read) != read->digest) continue;
      EXPECT_EQ(ToJson(*read), original) << at;
    }
  }
  for (const std::string junk : {"", "null", "[]", "{}", "1", "\"\"", "[{}]"}) {
    EXPECT_NE(ErrorOf(junk), "") << junk;
  }
  const std::string deep(200'000, '[');
  EXPECT_NE(ErrorOf(deep + std::string(200'000, ']')), "");
}

}  // namespace
}  // namespace millrace::jobs
