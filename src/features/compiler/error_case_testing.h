// Runs cases of what wrong definitions are told, as text: YAML, then each problem's place, code and
// a part of its words. A case is: a line `=== name`, YAML for a.yaml, `+++ file` before the text of
// another file, and after `---` the problems in order. The shop of definition_testing.h is there
// too, unless the name ends in `(alone)`. A hint may be asked for after ` ~ `.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "features/compiler/definition_testing.h"

namespace millrace::features {

struct ErrorCase {
  std::string name;
  std::vector<DefinitionText> files;
  std::vector<std::string> expected;
};

inline std::vector<ErrorCase> ReadCases(const char* text) {
  std::vector<ErrorCase> cases;
  bool expecting = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), {}, {}});
      if (!line.ends_with("(alone)")) cases.back().files.push_back({"shop.yaml", kShop});
      cases.back().files.push_back({"a.yaml", ""});
      expecting = false;
    } else if (line.starts_with("+++ ")) {
      cases.back().files.push_back({line.substr(4), ""});
    } else if (line == "---") {
      expecting = true;
    } else if (expecting) {
      if (!line.empty()) cases.back().expected.push_back(line);
    } else if (!cases.empty()) {
      cases.back().files.back().text += line + "\n";
    }
  }
  return cases;
}

// "a.yaml:3:5 unknown_name there is no source ~ purchases": all of it is in the problem.
inline bool Fits(const base::Problem& problem, const std::string& expected) {
  std::istringstream words(expected);
  std::string place;
  std::string code;
  words >> place >> code;
  std::string message;
  std::getline(words >> std::ws, message);
  std::string hint;
  const size_t tilde = message.find(" ~ ");
  if (tilde != std::string::npos) {
    hint = message.substr(tilde + 3);
    message.resize(tilde);
  }
  return problem.place.ToString() == place && problem.code.name == code &&
         problem.message.find(message) != std::string::npos &&
         problem.hint.find(hint) != std::string::npos;
}

inline void RunCases(const char* text) {
  const SchemaReader schemas = SchemasOf({{"data/files.parquet",
                                           {{"user_id", columns::Kind::kString},
                                            {"amount", columns::Kind::kFloat64},
                                            {"cents", columns::Kind::kInt64},
                                            {"event_time", columns::Kind::kTimestamp}}}});
  const std::vector<ErrorCase> cases = ReadCases(text);
  ASSERT_FALSE(cases.empty());
  for (const ErrorCase& one : cases) {
    const auto plan = Compile("shop", one.files, schemas);
    const auto problems = base::ProblemsOf(plan.status());
    std::string found;
    bool good = problems.size() == one.expected.size();
    for (size_t i = 0; i < problems.size(); ++i) {
      found += "\n  " + problems[i].place.ToString() + " " + std::string(problems[i].code.name) +
               " " + problems[i].message + " ~ " + problems[i].hint;
      good = good && Fits(problems[i], one.expected[i]);
    }
    std::string expected;
    for (const std::string& line : one.expected) expected += "\n  " + line;
    EXPECT_TRUE(good) << "case " << one.name << "\nexpected:" << expected << "\nfound:" << found;
  }
}

}  // namespace millrace::features
