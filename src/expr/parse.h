// Parse: text -> Node, by the grammar of docs/expressions.md.
#pragma once

#include <string_view>

#include "base/status.h"
#include "expr/node.h"

namespace millrace::expr {

// Error: syntax_error; the place has line 1 and the column (from 1, in bytes) of the character that
// does not fit, and the message says what was found and what was expected.
base::Result<Node> Parse(std::string_view text);

// The canonical text: equal for texts that differ only in spaces, case of keywords and needless
// parentheses; parses back to the same Node.
std::string ToText(const Node& node);

}  // namespace millrace::expr
