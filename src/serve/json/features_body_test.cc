#include "serve/json/features_body.h"

#include <gmock/gmock.h>

#include "serve/json/fake_read_testing.h"

namespace millrace::serve {
namespace {

using columns::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

class FeaturesBodyTest : public testing::Test {
 protected:
  // The code of what is wrong with the names; "" when nothing is.
  std::string Parse(std::string text) {
    body_ = std::move(text);
    status_ = parser_.Parse(&body_);
    return CodeOf(status_);
  }

  // The code of what is wrong with the rows.
  std::string Read(const std::string& fields) {
    EXPECT_EQ(Parse(R"({"features": ["v:f"], )" + fields + "}"), "") << status_.ToString();
    auto rows = parser_.Read(read_);
    status_ = rows.status();
    if (rows.ok()) rows_ = *std::move(rows);
    return CodeOf(status_);
  }

  std::string Cell(const std::string& column, int64_t row) {
    const columns::Column& view = rows_.asked.columns.at(column).view;
    return columns::ToText(view.value(row), view.type);
  }

  static std::string CodeOf(const base::Status& status) {
    return status.ok() ? "" : std::string(base::ProblemsOf(status)[0].code.name);
  }

  FakeRead read_;
  FeaturesBody parser_{Limits{.entities_max = 3, .features_max = 2}, true};
  std::string body_;
  base::Status status_;
  FeaturesBody::Rows rows_;
};

TEST_F(FeaturesBodyTest, ReadsNames) {
  EXPECT_EQ(Parse(R"({"features": ["v:f", "v:g"], "full_feature_names": true})"), "");
  EXPECT_THAT(parser_.names().features, ElementsAre("v:f", "v:g"));
  EXPECT_TRUE(parser_.names().full_names);
  EXPECT_EQ(Parse(R"({"feature_service": "s", "features": null, "unknown": [1, {"x": null}]})"),
            "");
  EXPECT_EQ(parser_.names().service, "s");
  EXPECT_TRUE(parser_.names().features.empty());
  EXPECT_FALSE(parser_.names().full_names);
}

TEST_F(FeaturesBodyTest, RefusesWhatIsNoJson) {
  for (const std::string text :
       {"", "{", "nonsense", R"({"features": ["v:f"]} trailing)",
        R"({"features": ["v:f"], "x": tru})", R"({"features": ["v:f"], "x": 1e400})",
        R"({"features": ["v:f"], "x": 01})", R"({"features": ["v:f"], "x": NaN})",
        "{\"features\": [\"v:\xff\"]}", R"({"features": ["v:f"], "x": "\ud800"})",
        R"({"features": ["v:f"], "x": 123456789012345678901234567890})"}) {
    EXPECT_EQ(Parse(text), "syntax_error") << text;
  }
  EXPECT_EQ(Parse(std::string(100'000, '[')), "syntax_error");
  EXPECT_EQ(Parse(R"({"features": ["v:f"], "x": tru})"), "syntax_error");
  EXPECT_THAT(status_.ToString(), HasSubstr("at byte"));
}

TEST_F(FeaturesBodyTest, RefusesNamesOfAnotherKind) {
  for (const std::string text :
       {"[]", "1", "{}", R"({"features": "v:f"})", R"({"features": [1]})", R"({"features": []})",
        R"({"feature_service": ["s"]})", R"({"feature_service": ""})",
        R"({"features": ["v:f"], "feature_service": "s"})",
        R"({"features": ["v:f"], "full_feature_names": "yes"})",
        R"({"features": ["v:f"], "features": ["v:g"]})",
        R"({"features": ["v:f"], "entities": [1]})",
        R"({"features": ["v:f"], "entities": {"user": [1], "user": [2]}})"}) {
    EXPECT_EQ(Parse(text), "bad_value") << text;
  }
  EXPECT_EQ(Parse(R"({"features": ["a", "b", "c"]})"), "too_large");
}

TEST_F(FeaturesBodyTest, ReadsRows) {
  EXPECT_EQ(Read(R"("entities": {"city": ["ä", null], "price": [1, 2.5], "user": [1, 2], "x": 3})"),
            "");
  EXPECT_EQ(rows_.asked.rows, 2);
  EXPECT_EQ(Cell("city", 0), "ä");
  EXPECT_EQ(Cell("city", 1), "null");
  EXPECT_EQ(Cell("price", 0), "1.0");
  EXPECT_EQ(Cell("user", 1), "2");
  EXPECT_TRUE(rows_.asked.as_of.type.is_null());
}

TEST_F(FeaturesBodyTest, CoercesWhereNothingIsLost) {
  EXPECT_EQ(Read(R"("entities": {"city": [7], "price": ["NaN"], "user": ["12"]})"), "");
  EXPECT_EQ(Cell("user", 0), "12");
  EXPECT_EQ(Cell("city", 0), "7");
  EXPECT_EQ(Cell("price", 0), "NaN");
  EXPECT_EQ(Read(R"("entities": {"city": ["a"], "price": [0], "user": [12.0]})"), "");
  EXPECT_EQ(Cell("user", 0), "12");
}

TEST_F(FeaturesBodyTest, RefusesRows) {
  const std::string rest = R"(, "city": ["a"], "price": [1]})";
  for (const std::string value : {"1.5", "true", "[1]", "{}", "\"x\"", "1e30"}) {
    EXPECT_EQ(Read(R"("entities": {"user": [)" + value + "]" + rest), "bad_value") << value;
    EXPECT_THAT(status_.ToString(), HasSubstr("row 0"));
  }
  EXPECT_EQ(Read(R"("entities": {"user": 1)" + rest), "bad_value");
  EXPECT_EQ(Read(R"("entities": {"user": [1, 2])" + rest), "bad_value");
  EXPECT_EQ(Read(R"("entities": {"user": [1], "city": ["a"]})"), "missing_column");
  EXPECT_EQ(Read(R"("entities": {})"), "missing_column");
  EXPECT_EQ(
      Read(R"("entities": {"user": [1,2,3,4], "city": ["a","b","c","d"], "price": [1,2,3,4]})"),
      "too_large");
}

TEST_F(FeaturesBodyTest, ReadsTimes) {
  read_.request_.clear();
  const std::string entities = R"("entities": {"user": [1, 2], "city": ["a", "b"]}, )";
  EXPECT_EQ(Read(entities + R"("as_of": "2025-01-01T00:00:00")"), "");
  EXPECT_FALSE(rows_.own_times);
  EXPECT_EQ(rows_.asked.as_of.size, 2);
  EXPECT_EQ(rows_.asked.as_of.ints[1], base::ParseTime("2025-01-01")->micros());
  EXPECT_EQ(Read(entities + R"("as_of": ["2025-01-01T00:00:00+01:00", null])"), "");
  EXPECT_TRUE(rows_.own_times);
  EXPECT_FALSE(rows_.asked.as_of.valid(1));
  for (const std::string as_of : {"5", "\"noon\"", "[5]", "[\"2025-01-01\"]", "{}"}) {
    EXPECT_EQ(Read(entities + "\"as_of\": " + as_of), "bad_value") << as_of;
  }
}

TEST_F(FeaturesBodyTest, AViewWithoutKeysHasOneRow) {
  read_.keys_.clear();
  read_.request_.clear();
  EXPECT_EQ(Read(R"("entities": {})"), "");
  EXPECT_EQ(rows_.asked.rows, 1);
}

}  // namespace
}  // namespace millrace::serve
