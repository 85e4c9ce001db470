// The table of functions: whole, sorted, and the one that docs/expressions.md shows.
#include "expr/functions/function.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "expr/expression.h"

namespace millrace::expr {
namespace {

TEST(Functions, AreFoundByName) {
  std::set<std::string_view> names;
  for (const Function& function : Functions()) {
    EXPECT_TRUE(names.insert(function.name).second) << function.name << " twice";
    EXPECT_EQ(FindFunction(function.name), &function);
    EXPECT_FALSE(function.signature.empty());
  }
  EXPECT_EQ(FindFunction("nothing"), nullptr);
  EXPECT_EQ(FindFunction(""), nullptr);
}

TEST(Functions, AreThoseOfTheSemantics) {
  EXPECT_THAT(FunctionNames(),
              testing::UnorderedElementsAre(
                  "div", "floor_div", "floor_mod", "if", "coalesce", "nullif", "greatest", "least",
                  "abs", "sign", "floor", "ceil", "round", "sqrt", "exp", "ln", "log10", "power",
                  "concat", "lower", "upper", "trim", "length", "substr", "replace", "split_part",
                  "starts_with", "regexp_matches", "hash64", "bucketize", "date_trunc", "extract",
                  "date_diff", "element_at", "array_length", "array_contains", "map_get", "dot",
                  "l2_norm", "cosine_similarity"));
}

// docs/expressions.md holds one row per function: | `signature` | notes |.
TEST(Functions, AreInTheDocs) {
  std::ifstream in(std::string(MILLRACE_SOURCE_DIR) + "/docs/expressions.md");
  ASSERT_TRUE(in.good());
  std::stringstream docs;
  docs << in.rdbuf();
  const auto escaped = [](std::string_view text) {  // a bar would end the cell
    std::string out;
    for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
    return out;
  };
  for (const Function& function : Functions()) {
    const std::string row =
        "| `" + escaped(function.signature) + "` | " + escaped(function.notes) + " |\n";
    EXPECT_NE(docs.str().find(row), std::string::npos) << "missing or different:\n" << row;
  }
}

}  // namespace
}  // namespace millrace::expr
