// RowStatus: what a view had to say about a key at a time. CellStatus: what an answer says of a
// value (docs/semantics.md, "Online reads").
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::online {

// kFound: an event of the key counts in the view's longest window, resp. a row stands.
enum class RowStatus : uint8_t { kFound, kNotFound, kOutsideMaxAge, kNullKey, kNullTime };

enum class CellStatus : uint8_t { kPresent, kNullValue, kNotFound, kOutsideMaxAge };

std::string_view CellStatusName(CellStatus status);  // "PRESENT", …

}  // namespace millrace::online
