// The ways in which YAML takes an expression apart, recognised.
#include "features/yaml/quoting.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

namespace millrace::features::yaml {
namespace {

namespace codes = base::codes;

// Brackets opened and not closed outside of quoted text.
int OpenBrackets(std::string_view text) {
  int open = 0;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '<' || c == '[') {
      ++open;
    } else if (c == ')' || c == '>' || c == ']') {
      --open;
    }
  }
  return open;
}

// A comparison such as `amount < 5` opens nothing, so only a type's '<' counts: one after a letter.
bool IsCut(const Node& node) {
  if (!node.is_scalar() || node.style != Style::kPlain) return false;
  const std::string& text = node.text;
  std::string counted;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool type_bracket = i > 0 && std::isalpha(static_cast<unsigned char>(text[i - 1]));
    if (text[i] == '<' && !type_bracket) continue;
    if (text[i] == '>' && counted.find('<') == std::string::npos) continue;
    counted.push_back(text[i]);
  }
  return OpenBrackets(counted) > 0;
}

void ReportSplit(const Node& value, ProblemList* problems) {
  problems->Add(codes::kNeedsQuotes, value,
                "YAML splits this value at its comma; text with commas, brackets or braces needs "
                "quotes inside {} and []",
                "write \"" + value.text + "\"");
}

// Whether entry `i` of a flow map, or item `i` of a flow list, can be the rest of a value that was
// cut.
bool IsRest(const Node& parent, size_t i) {
  if (parent.is_map()) {
    return parent.keys[i].is_scalar() && parent.values[i].kind == NodeKind::kNull;
  }
  return parent.values[i].is_scalar();
}

void JoinIn(Node* parent, ProblemList* problems) {
  for (size_t i = 0; i < parent->values.size(); ++i) {
    if (!IsCut(parent->values[i])) continue;
    size_t last = i;
    Node& value = parent->values[i];
    std::string joined = value.text;
    Node probe = value;
    while (IsCut(probe) && last + 1 < parent->values.size() && IsRest(*parent, last + 1)) {
      ++last;
      const Node& rest = parent->is_map() ? parent->keys[last] : parent->values[last];
      joined += ", " + rest.text;
      probe.text = joined;
    }
    if (last == i) continue;
    value.text = joined;
    const auto first_rest = static_cast<ptrdiff_t>(i + 1);
    const auto end_rest = static_cast<ptrdiff_t>(last + 1);
    parent->values.erase(parent->values.begin() + first_rest, parent->values.begin() + end_rest);
    if (parent->is_map()) {
      parent->keys.erase(parent->keys.begin() + first_rest, parent->keys.begin() + end_rest);
    }
    ReportSplit(parent->values[i], problems);
  }
}

struct Line {
  size_t begin;
  std::string_view text;
};

Line LineAt(const std::string& text, size_t offset) {
  const size_t before = offset == 0 ? std::string::npos : text.rfind('\n', offset - 1);
  const size_t begin = before == std::string::npos ? 0 : before + 1;
  size_t end = text.find('\n', begin);
  if (end == std::string::npos) end = text.size();
  return {begin, std::string_view(text).substr(begin, end - begin)};
}

// Where a value that begins at `start` was meant to end: in a flow at the ',' or '}' outside of
// brackets and quotes, else with the line.
size_t ValueEnd(std::string_view line, size_t start, bool flow) {
  if (!flow) return line.size();
  int open = 0;
  char quote = 0;
  for (size_t i = start; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++open;
    } else if (open > 0 && (c == ')' || c == ']' || c == '}')) {
      --open;
    } else if (open == 0 && (c == ',' || c == '}' || c == ']')) {
      return i;
    }
  }
  return line.size();
}

// The value after the last "key: " that begins at or before `column`, or after "- ".
size_t ValueStart(std::string_view line, size_t column) {
  size_t start = line.find_first_not_of(" \t-");
  if (start == std::string_view::npos) return line.size();
  // The first colon that ends a key; in a flow map the last one before the place of the error.
  const bool flow = line.find('{') != std::string_view::npos && line.find('{') < column;
  for (size_t i = start; i + 1 < line.size(); ++i) {
    if (line[i] == ':' && line[i + 1] == ' ') {
      const size_t value = line.find_first_not_of(" \t", i + 1);
      if (value == std::string_view::npos || (flow && value > column)) break;
      start = value;
      if (!flow) break;
    }
  }
  while (flow && start < line.size() && (line[start] == '{' || line[start] == ' ')) ++start;
  return start;
}

}  // namespace

void JoinSplitFlowValues(Node* root, ProblemList* problems) {
  for (Node& value : root->values) JoinSplitFlowValues(&value, problems);
  if (root->flow) JoinIn(root, problems);
}

std::optional<QuoteAdvice> AdviseQuotes(const std::string& text, size_t error_offset) {
  if (text.empty()) return std::nullopt;
  error_offset = std::min(error_offset, text.size() - 1);
  const Line line = LineAt(text, error_offset);
  const size_t column = error_offset - line.begin;
  const size_t start = ValueStart(line.text, column);
  if (start >= line.text.size()) return std::nullopt;
  const std::string_view before = line.text.substr(0, start);
  const bool flow = before.find_first_of("{[") != std::string_view::npos;
  const size_t end = ValueEnd(line.text, start, flow);
  const std::string_view value = line.text.substr(start, end - start);
  QuoteAdvice advice{line.begin + start, line.begin + end, "", "put the whole value in quotes"};
  if (value.empty()) return std::nullopt;
  const char first = value[0];
  if (std::string_view("*&%@`!").find(first) != std::string_view::npos) {
    advice.message = std::string("a value that starts with '") + first + "' needs quotes in YAML";
    return advice;
  }
  if (first == '\'' || first == '"') {
    const size_t close = value.find(first, 1);
    const size_t after =
        close == std::string_view::npos ? close : value.find_first_not_of(" \t\r", close + 1);
    if (after == std::string_view::npos || value[after] == '#' || value[after] == ':') {
      return std::nullopt;
    }
    advice.message = "the value goes on after its closing quote, so YAML cannot read it";
    advice.hint = "put the whole value in quotes of the other kind";
    return advice;
  }
  const size_t colon = value.find(": ");
  if (first != '{' && first != '[' && first != '#' && colon != std::string_view::npos &&
      colon + start <= column + 1) {
    advice.message = "a value that holds ': ' needs quotes in YAML";
    return advice;
  }
  const size_t bracket = value.find_first_of("[{");
  if (flow && bracket != std::string_view::npos && bracket > 0 && bracket + start <= column + 1) {
    advice.message = "a value that holds brackets or braces needs quotes inside {} and []";
    return advice;
  }
  return std::nullopt;
}

std::string OtherReading(const Node& scalar) {
  if (!scalar.is_scalar() || scalar.style != Style::kPlain || scalar.text.empty()) return "";
  std::string lower = scalar.text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array<std::string_view, 8> kBooleans = {"true", "false", "yes", "no",
                                                         "on",   "off",   "y",   "n"};
  if (std::find(kBooleans.begin(), kBooleans.end(), lower) != kBooleans.end()) return "a boolean";
  if (lower == ".nan" || lower == ".inf" || lower == "-.inf" || lower == "+.inf") return "a number";
  size_t i = lower[0] == '-' || lower[0] == '+' ? 1 : 0;
  bool digits = false;
  bool dot = false;
  bool exponent = false;
  for (; i < lower.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(lower[i]))) {
      digits = true;
    } else if (lower[i] == '.' && !dot && !exponent) {
      dot = true;
    } else if (lower[i] == 'e' && digits && !exponent && i + 1 < lower.size()) {
      exponent = true;
      if (lower[i + 1] == '-' || lower[i + 1] == '+') ++i;
    } else {
      return "";
    }
  }
  return digits ? "a number" : "";
}

}  // namespace millrace::features::yaml
