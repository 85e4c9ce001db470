#include "online/json_text.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace millrace::online {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the UTF-8 character that begins at `at`; 0: there is none.
size_t CharacterAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : uint8_t{0};
  };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t first = byte(0);
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) > 0x8F;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

void AppendEscape(char c, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
    case '\\':
      *out += '\\';
      *out += c;
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      *out += "\\u00";
      *out += kHex[static_cast<uint8_t>(c) >> 4];
      *out += kHex[static_cast<uint8_t>(c) & 15];
  }
}

// How many bytes at its beginning, by eights, are ASCII that is written as it is.
size_t PlainBytes(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = kOnes << 7;
  // Has a high bit where a byte below 128 is less than n (n up to 128).
  const auto less = [](uint64_t bytes, uint64_t n) { return (bytes - kOnes * n) & ~bytes; };
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= text.size(); at += sizeof(uint64_t)) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    const uint64_t special = bytes | less(bytes, 0x20) | less(bytes ^ (kOnes * '"'), 1) |
                             less(bytes ^ (kOnes * '\\'), 1);
    if ((special & kHighs) != 0) break;
  }
  return at;
}

}  // namespace

void AppendJsonText(std::string_view text, std::string* out) {
  *out += '"';
  size_t plain = 0;  // where what is not yet written begins
  for (size_t at = PlainBytes(text); at < text.size();) {
    const auto byte = static_cast<uint8_t>(text[at]);
    if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
      ++at;
      continue;
    }
    if (byte >= 0x80) {
      if (const size_t length = CharacterAt(text, at); length > 0) {
        at += length;
        continue;
      }
    }
    out->append(text, plain, at - plain);
    if (byte >= 0x80) {
      *out += kReplacement;
    } else {
      AppendEscape(text[at], out);
    }
    plain = ++at;
  }
  out->append(text, plain);
  *out += '"';
}

}  // namespace millrace::online
