// like and regexp_matches.
#include <re2/re2.h>

#include "expr/functions/function.h"
#include "expr/functions/unicode.h"

namespace millrace::expr {
namespace {

using columns::kBadArgument;
using columns::Kind;

// A pattern that ends in its escape character means nothing.
bool IsLikePattern(std::string_view pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && ++i == pattern.size()) return false;
  }
  return true;
}

// Greedy from the left: on a mismatch only the last % needs another try, one code point further.
bool Like(std::string_view text, std::string_view pattern) {
  size_t at = 0, in_pattern = 0;
  size_t retry_at = 0, retry_pattern = std::string_view::npos;
  while (at < text.size()) {
    bool matched = false;
    if (in_pattern < pattern.size()) {
      const char c = pattern[in_pattern];
      if (c == '%') {
        retry_pattern = ++in_pattern;
        retry_at = at;
        continue;
      }
      if (c == '_') {
        at += CodePointSize(text.substr(at));
        ++in_pattern;
        continue;
      }
      const size_t literal = c == '\\' ? in_pattern + 1 : in_pattern;
      matched = text[at] == pattern[literal];
      if (matched) {
        ++at;
        in_pattern = literal + 1;
      }
    }
    if (matched) continue;
    if (retry_pattern == std::string_view::npos) return false;
    retry_at += CodePointSize(text.substr(retry_at));
    at = retry_at;
    in_pattern = retry_pattern;
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '%') ++in_pattern;
  return in_pattern == pattern.size();
}

void LikeKernel(const Invocation& in) {
  EachRow<Boolean, std::string_view, std::string_view>(
      in, [](std::string_view text, std::string_view pattern, uint8_t* cell) -> Boolean {
        if (IsLikePattern(pattern)) return Like(text, pattern);
        *cell = kBadArgument;
        return 0;
      });
}

base::Result<TypedNode> BindLike(Binding* b) {
  for (int i : {0, 1}) ARROW_RETURN_NOT_OK(b->WantString(i));
  const Node& pattern = b->written(1);
  if (pattern.kind == NodeKind::kLiteral && pattern.value.holds_string() &&
      !IsLikePattern(pattern.value.as_string())) {
    return b->Wrong(1, "the pattern ends in its escape character \\", "write \\\\ for one \\");
  }
  return b->Make(Kind::kBool, LikeKernel);
}

struct Pattern : Prepared {
  explicit Pattern(const std::string& text) : regexp(text, Options()) {}
  static RE2::Options Options() {
    RE2::Options options;
    options.set_log_errors(false);
    return options;
  }
  RE2 regexp;
};

void RegexpKernel(const Invocation& in) {
  const RE2& regexp = static_cast<const Pattern&>(*in.prepared).regexp;
  EachRow<Boolean, std::string_view>(in, [&](std::string_view text, uint8_t*) -> Boolean {
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regexp);
  });
}

base::Result<TypedNode> BindRegexp(Binding* b) {
  ARROW_RETURN_NOT_OK(b->WantString(0));
  ARROW_ASSIGN_OR_RAISE(const std::string text, b->WantLiteral(1, "a regular expression"));
  auto pattern = std::make_shared<Pattern>(text);
  if (!pattern->regexp.ok()) {
    return b->Wrong(1, "no regular expression of RE2: " + pattern->regexp.error());
  }
  return b->Make(Kind::kBool, RegexpKernel, std::move(pattern));
}

constexpr Function kFunctions[] = {
    {"like", "x [not] like pattern: string, string -> bool",
     "the whole text; % any characters, _ one code point, \\ takes the next character as it is; a "
     "pattern that ends in \\ is an error (bad_argument where it is no literal)",
     2, 2, BindLike, true},
    {"regexp_matches", "regexp_matches(text: string, pattern: string literal) -> bool",
     "RE2's syntax; true where any part of the text matches", 2, 2, BindRegexp},
};

}  // namespace

std::span<const Function> PatternFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
