// Text as code points of UTF-8. A byte that begins no well-formed code point counts as one of its
// own, so that every function is defined for every string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::expr {

// Well-formed UTF-8 throughout (no surrogates, nothing beyond U+10FFFF, no overlong forms).
bool IsUtf8(std::string_view text);

// Bytes of the first code point. REQUIRES: not empty.
size_t CodePointSize(std::string_view text);

int64_t CountCodePoints(std::string_view text);

// Bytes of the first `count` code points (all of them when there are fewer).
size_t PrefixSize(std::string_view text, int64_t count);

// Appends the text in lower or upper case: of each code point its mapping to a single code point in
// Unicode 14 (unicode_case.inc); others stay ("ß" in upper case is "ß").
void AppendLower(std::string_view text, std::string* out);
void AppendUpper(std::string_view text, std::string* out);

}  // namespace millrace::expr
