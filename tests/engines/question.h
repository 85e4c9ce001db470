// An `ask` block against a plan: the question, and the answers that the case expects, typed. Called
// by the runner and by --fill.
#pragma once

#include <string>
#include <vector>

#include "engines/case.h"
#include "engines/engine.h"

namespace millrace::engines {

struct ExpectedColumn {
  std::string header;  // as written
  std::string name;    // of the answer's column
  Type type;
  size_t cell = 0;  // its index in the table's rows
};

struct TypedAsk {
  Question question;
  std::vector<ExpectedColumn> expected;  // with steps: the keys and `at` too
};

// Errors: syntax_error with path and line.
base::Result<TypedAsk> TypeAsk(const Case& definition, const AskBlock& ask,
                               const features::FeaturePlan& plan);

// The differences between an answer and the case's text, each a line "path:line: …"; empty: none.
std::vector<std::string> Compare(const Case& definition, const AskBlock& ask, const TypedAsk& typed,
                                 const Answer& answer);

}  // namespace millrace::engines
