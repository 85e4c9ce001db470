// Quoting: finds the values that YAML reads otherwise than a definition means them, and says so in
// words that help. Called by Parse alone.
#pragma once

#include <optional>
#include <string>

#include "features/yaml/node.h"
#include "features/yaml/problem_list.h"

namespace millrace::features::yaml {

// In every flow list and map below `root`: joins values that YAML split at a comma inside brackets,
// such as {p90: percentile(amount, 0.9)}, and reports each once.
void JoinSplitFlowValues(Node* root, ProblemList* problems);

// Why the line at which YAML gave up needs quotes; nothing when that is not the likely reason.
struct QuoteAdvice {
  size_t offset;  // of the value in the file
  size_t end;     // one past its last character
  std::string message;
  std::string hint;
};
std::optional<QuoteAdvice> AdviseQuotes(const std::string& text, size_t error_offset);

// What YAML 1.1 would take a plain scalar for: "a boolean", "a number"; "" when it is just text.
std::string OtherReading(const Node& scalar);

}  // namespace millrace::features::yaml
