// Places of YAML nodes: from an offset in the file to line and column, and from a character of a
// scalar's text back through quotes, escapes and folded lines to where it was typed.
#include "features/yaml/node.h"

#include <algorithm>
#include <utility>

namespace millrace::features::yaml {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The length of the escape sequence that begins at text[at] == '\\'.
size_t EscapeLength(const std::string& text, size_t at) {
  if (at + 1 >= text.size()) return 1;
  switch (text[at + 1]) {
    case 'x':
      return 4;
    case 'u':
      return 6;
    case 'U':
      return 10;
    default:
      return 2;
  }
}

// Shortens what a message repeats of the file.
std::string Excerpt(const std::string& text) {
  constexpr size_t kMax = 60;
  if (text.size() <= kMax) return text;
  size_t end = kMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

File::File(std::string file_name, std::string file_text)
    : name(std::move(file_name)), text(std::move(file_text)) {
  line_starts.push_back(0);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_starts.push_back(i + 1);
  }
}

base::Place File::PlaceOf(size_t offset) const {
  offset = std::min(offset, text.size());
  const auto after = std::upper_bound(line_starts.begin(), line_starts.end(), offset);
  const size_t line = static_cast<size_t>(after - line_starts.begin());
  return {name, static_cast<int>(line), static_cast<int>(offset - line_starts[line - 1]) + 1};
}

std::string Node::Found() const {
  switch (kind) {
    case NodeKind::kNull:
      return "nothing";
    case NodeKind::kScalar:
      return "'" + Excerpt(text) + "'";
    case NodeKind::kList:
      return "a list";
    case NodeKind::kMap:
      return "a mapping";
  }
  return "";
}

base::Place Node::place() const {
  return file == nullptr ? base::Place{} : file->PlaceOf(offset);
}

base::Place Node::PlaceOfCharacter(size_t position) const {
  if (file == nullptr) return {};
  const std::string& source = file->text;
  size_t at = offset;
  if (style == Style::kBlock) {
    at = source.find('\n', offset);
    if (at == std::string::npos) return place();
  } else if (style != Style::kPlain) {
    ++at;
  }
  // Folding turns line breaks and indentation into spaces, so both texts are walked by their
  // characters that are not blank; inside one line blanks agree one to one.
  for (size_t i = 0; at < source.size(); ++i) {
    const bool blank = i < text.size() && IsBlank(text[i]);
    if (!blank || source[at] == '\n' || source[at] == '\r') {
      const size_t line_end = source.find_first_not_of(" \t\r\n", at);
      const bool crosses = source.substr(at, line_end - at).find('\n') != std::string::npos;
      if (i < text.size() && (!blank || crosses)) at = line_end;
    }
    if (at == std::string::npos || at >= source.size()) break;
    if (i >= position || i >= text.size()) return file->PlaceOf(at);
    if (blank && !IsBlank(source[at]) && source[at] != '\\') continue;
    if (style == Style::kDoubleQuoted && source[at] == '\\') {
      at += EscapeLength(source, at);
    } else if (style == Style::kSingleQuoted && source[at] == '\'') {
      at += 2;
    } else {
      ++at;
    }
  }
  return place();
}

}  // namespace millrace::features::yaml
