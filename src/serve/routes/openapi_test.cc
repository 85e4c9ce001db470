// The document is in the binary as it stands beside its source; tests/openapi_test.py reads it.
#include "serve/routes/openapi.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace millrace::serve {
namespace {

TEST(OpenApi, IsTheFileOfTheSources) {
  std::ifstream file(std::string(MILLRACE_SOURCE_DIR) + "/src/serve/routes/openapi.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(OpenApi(), text);
  const auto document = nlohmann::json::parse(OpenApi());
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_TRUE(document["paths"].contains("/get-online-features"));
}

}  // namespace
}  // namespace millrace::serve
