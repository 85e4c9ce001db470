// The status of every code that there is, and bodies that stay JSON whatever a message holds.
#include "serve/routes/http_status.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace millrace::serve {
namespace {

namespace codes = base::codes;
using nlohmann::json;

int Of(const base::Code& code) {
  return StatusOf({.code = code, .message = "m"});
}

TEST(HttpStatus, OfWhatACallerCanChange) {
  EXPECT_EQ(Of(codes::kSyntax), 400);
  EXPECT_EQ(Of(codes::kUnauthorized), 401);
  EXPECT_EQ(Of(codes::kForbidden), 403);
  EXPECT_EQ(Of(codes::kUnknownName), 404);
  EXPECT_EQ(Of(codes::kNotReady), 404);
  EXPECT_EQ(Of(codes::kMethod), 405);
  EXPECT_EQ(Of(codes::kTooLarge), 413);
  for (const base::Code& code :
       {codes::kUsage, codes::kBadValue, codes::kTypeMismatch, codes::kMissingColumn,
        codes::kMissingField, codes::kDuplicate, codes::kReserved, codes::kAsOfOutOfRange,
        codes::kViewNotWritable, codes::kEmptySource}) {
    EXPECT_EQ(Of(code), 422) << code.name;
  }
}

TEST(HttpStatus, OfWhatMayBeAnsweredLater) {
  for (const base::Code& code :
       {codes::kStoreUnavailable, codes::kStoreOwned, codes::kStoreFenced, codes::kOverloaded,
        codes::kDeadline, codes::kDiskFull, codes::kConflict}) {
    EXPECT_EQ(Of(code), 503) << code.name;
  }
  EXPECT_EQ(RetryAfterSeconds(503), 1);
  EXPECT_EQ(RetryAfterSeconds(429), 1);
  for (const int status : {400, 401, 403, 404, 413, 422, 500}) {
    EXPECT_EQ(RetryAfterSeconds(status), 0) << status;
  }
}

TEST(HttpStatus, OfWhatIsWrongHere) {
  for (const base::Code& code : {codes::kInternal, codes::kCorrupt, codes::kIo, codes::kNotFound,
                                 codes::kPermission, codes::kMissingVariable}) {
    EXPECT_EQ(Of(code), 500) << code.name;
  }
}

TEST(HttpStatus, OfCodesThatItDoesNotKnow) {
  EXPECT_EQ(Of({"new_words", 2}), 422);
  EXPECT_EQ(Of({"new_words", 1}), 500);
  EXPECT_EQ(Of({"new_words", 3}), 500);
}

TEST(HttpStatus, AllProblemsOfAStatusAreOne) {
  const base::Problem one = ProblemOf(base::Error({.code = codes::kUnknownName,
                                                   .message = "there is no view 'a'",
                                                   .hint = "did you mean 'b'?"}));
  EXPECT_EQ(DetailOf(one), "there is no view 'a' (did you mean 'b'?)");
  const base::Problem all =
      ProblemOf(base::Errors({{.code = codes::kUnknownName,
                               .message = "there is no view 'a'",
                               .hint = "did you mean 'b'?"},
                              {.code = codes::kDuplicate, .message = "'c' twice"},
                              {.code = codes::kBadValue, .message = "d", .hint = "e"}}));
  EXPECT_EQ(DetailOf(all), "there is no view 'a' (did you mean 'b'?); 'c' twice; d (e)");
  EXPECT_EQ(all.code, codes::kUnknownName);
  EXPECT_EQ(ProblemOf(arrow::Status::IOError("x")).code, codes::kIo);
}

TEST(HttpStatus, OurBody) {
  const json body = json::parse(ErrorBody(
      {.code = codes::kUnknownName, .message = "no \"v\"\n", .hint = "did you mean 'w'?"}));
  EXPECT_EQ(body, json({{"detail", "no \"v\"\n (did you mean 'w'?)"}, {"code", "unknown_name"}}));
}

TEST(HttpStatus, LongDetailsAreCutBetweenCharacters) {
  std::string name;
  while (name.size() < 3000) name += "ü";
  for (const std::string before : {"a", "ab"}) {
    const std::string detail =
        DetailOf({.code = codes::kUnknownName, .message = before + name, .hint = "did you"});
    EXPECT_LE(detail.size(), 1003);
    EXPECT_GT(detail.size(), 1000);
    EXPECT_THAT(detail, testing::EndsWith("ü…"));
  }
}

TEST(HttpStatus, ABodyIsJsonWhateverAClientSent) {
  for (const std::string& sent : {std::string("\xff\xfe"), std::string("\xed\xa0\x80"),
                                  std::string("a\0b", 3), std::string("\xe2\x82")}) {
    const std::string body =
        ErrorBody({.code = codes::kUnknownName, .message = "no '" + sent + "'"});
    EXPECT_TRUE(json::accept(body)) << body;
  }
}

}  // namespace
}  // namespace millrace::serve
