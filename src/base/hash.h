// XXH3-64 (seed 0), the one hash of keys, ids and hash64().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::base {

uint64_t Hash64(std::string_view bytes);
// 16 lowercase hexadecimal digits.
std::string Hex(uint64_t value);

}  // namespace millrace::base
