#include "expr/functions/unicode.h"

#include <algorithm>
#include <span>

namespace millrace::expr {
namespace {

struct CaseRun {
  uint32_t first;
  uint32_t last;
  uint32_t stride;
  int32_t delta;
};
#include "expr/functions/unicode_case.inc"

struct CodePoint {
  uint32_t value = 0;
  size_t size = 1;
  bool well_formed = false;
};

CodePoint Decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {lead, 1, false};
  uint32_t value = lead & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0u) != 0x80) return {lead, 1, false};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  const uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (value < least || value > 0x10ffff || surrogate) return {lead, 1, false};
  return {value, size, true};
}

void Encode(uint32_t value, std::string* out) {
  const auto put = [&](uint32_t byte) { *out += static_cast<char>(byte); };
  if (value < 0x80) return put(value);
  if (value < 0x800) {
    put(0xc0 | value >> 6);
  } else if (value < 0x10000) {
    put(0xe0 | value >> 12);
    put(0x80 | (value >> 6 & 0x3f));
  } else {
    put(0xf0 | value >> 18);
    put(0x80 | (value >> 12 & 0x3f));
    put(0x80 | (value >> 6 & 0x3f));
  }
  put(0x80 | (value & 0x3f));
}

uint32_t Map(uint32_t value, std::span<const CaseRun> runs) {
  const auto run = std::lower_bound(runs.begin(), runs.end(), value,
                                    [](const CaseRun& r, uint32_t v) { return r.last < v; });
  if (run == runs.end() || value < run->first || (value - run->first) % run->stride != 0) {
    return value;
  }
  return value + static_cast<uint32_t>(run->delta);
}

void AppendCase(std::string_view text, char ascii_first, std::span<const CaseRun> runs,
                std::string* out) {
  while (!text.empty()) {
    const char c = text.front();
    if (static_cast<unsigned char>(c) < 0x80) {
      // The two cases of an ASCII letter differ in one bit.
      *out += c >= ascii_first && c < ascii_first + 26 ? static_cast<char>(c ^ 0x20) : c;
      text.remove_prefix(1);
      continue;
    }
    const CodePoint point = Decode(text);
    if (point.well_formed) {
      Encode(Map(point.value, runs), out);
    } else {
      *out += c;
    }
    text.remove_prefix(point.size);
  }
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = Decode(text);
    if (!point.well_formed) return false;
    text.remove_prefix(point.size);
  }
  return true;
}

size_t CodePointSize(std::string_view text) {
  return Decode(text).size;
}

int64_t CountCodePoints(std::string_view text) {
  int64_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(CodePointSize(text));
  return count;
}

size_t PrefixSize(std::string_view text, int64_t count) {
  size_t size = 0;
  for (; count > 0 && size < text.size(); --count) size += CodePointSize(text.substr(size));
  return size;
}

void AppendLower(std::string_view text, std::string* out) {
  AppendCase(text, 'A', kLowerRuns, out);
}

void AppendUpper(std::string_view text, std::string* out) {
  AppendCase(text, 'a', kUpperRuns, out);
}

}  // namespace millrace::expr
