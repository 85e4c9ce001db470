// What Feast's clients make an exception of (tests/integration/feast_test.py has them do it).
#include "serve/routes/feast_error.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

namespace millrace::serve {
namespace {

namespace codes = base::codes;
using nlohmann::json;

struct Said {
  int status;
  json error;  // what the string in the body holds
};

Said Of(const base::Problem& problem, FeastNamed named) {
  const FeastError made = MakeFeastError(problem, named);
  const json body = json::parse(made.body);
  EXPECT_TRUE(body.is_string()) << made.body;
  return {made.status, json::parse(body.get<std::string>())};
}

std::string ClassOf(const base::Code& code, FeastNamed named) {
  const Said said = Of({.code = code, .message = "m"}, named);
  EXPECT_EQ(said.error["module"], "feast.errors");
  EXPECT_EQ(said.error["code"], code.name);
  EXPECT_EQ(said.error.size(), 4);
  return said.error["class"];
}

TEST(FeastError, AStringThatHoldsJson) {
  const FeastError made = MakeFeastError(
      {.code = codes::kUnknownName, .message = "there is no view 'a'", .hint = "did you mean 'b'?"},
      FeastNamed::kFeatures);
  EXPECT_EQ(made.status, 404);
  EXPECT_EQ(
      made.body,
      R"("{\"module\":\"feast.errors\",\"class\":\"FeatureViewNotFoundException\",)"
      R"(\"message\":\"there is no view 'a' (did you mean 'b'?)\",\"code\":\"unknown_name\"}")");
}

TEST(FeastError, AnUnknownNameIsWhatWasNamed) {
  EXPECT_EQ(ClassOf(codes::kUnknownName, FeastNamed::kFeatures), "FeatureViewNotFoundException");
  EXPECT_EQ(ClassOf(codes::kUnknownName, FeastNamed::kView), "FeatureViewNotFoundException");
  EXPECT_EQ(ClassOf(codes::kUnknownName, FeastNamed::kService), "FeatureServiceNotFoundException");
  EXPECT_EQ(ClassOf(codes::kUnknownName, FeastNamed::kPushSource), "PushSourceNotFoundException");
  EXPECT_EQ(ClassOf(codes::kUnknownName, FeastNamed::kNothing), "FeastObjectNotFoundException");
}

TEST(FeastError, ANameWithoutValuesIsNotThereYet) {
  EXPECT_EQ(ClassOf(codes::kNotReady, FeastNamed::kService), "FeatureServiceNotFoundException");
  EXPECT_EQ(Of({.code = codes::kNotReady, .message = "m"}, FeastNamed::kView).status, 404);
}

TEST(FeastError, OtherCodes) {
  const FeastNamed named = FeastNamed::kFeatures;
  EXPECT_EQ(ClassOf(codes::kMissingColumn, named), "RequestDataNotFoundInEntityRowsException");
  EXPECT_EQ(ClassOf(codes::kDuplicate, named), "FeatureNameCollisionError");
  EXPECT_EQ(ClassOf(codes::kUnauthorized, named), "FeastPermissionError");
  EXPECT_EQ(ClassOf(codes::kForbidden, named), "FeastPermissionError");
  for (const base::Code& code : {codes::kSyntax, codes::kTypeMismatch, codes::kViewNotWritable,
                                 codes::kTooLarge, codes::kStoreUnavailable, codes::kInternal}) {
    EXPECT_EQ(ClassOf(code, named), "FeastError") << code.name;
  }
}

TEST(FeastError, IsJsonWhateverAClientSent) {
  const Said said = Of({.code = codes::kUnknownName, .message = "no '\xff\"\\\n\xed\xa0\x80'"},
                       FeastNamed::kView);
  EXPECT_THAT(said.error["message"].get<std::string>(),
              testing::StartsWith("no '\xEF\xBF\xBD\"\\\n"));
}

}  // namespace
}  // namespace millrace::serve
