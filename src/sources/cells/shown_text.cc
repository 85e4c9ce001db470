#include "sources/cells/shown_text.h"

#include <fmt/format.h>

#include <iterator>

#include "sources/cells/cell_text.h"

namespace millrace::sources {
namespace {

constexpr size_t kShownBytes = 60;

// Bytes of the character at the front; 1 for what is none.
size_t CharacterSize(std::string_view text) {
  for (size_t size = 2; size <= 4 && size <= text.size(); ++size) {
    if (IsUtf8(text.substr(0, size)) && (text[0] & 0x80) != 0) return size;
  }
  return 1;
}

}  // namespace

std::string ShownText(std::string_view text) {
  std::string shown;
  size_t at = 0;
  while (at < text.size() && at < kShownBytes) {
    const size_t size = CharacterSize(text.substr(at, 4));
    const auto byte = static_cast<unsigned char>(text[at]);
    if (size > 1 || (byte >= 0x20 && byte < 0x7f)) {
      shown.append(text.substr(at, size));
    } else {
      fmt::format_to(std::back_inserter(shown), "\\x{:02x}", byte);
    }
    at += size;
  }
  if (at < text.size()) shown.append("…");
  return shown;
}

}  // namespace millrace::sources
