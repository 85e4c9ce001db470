// A chunk: some closed rows of a key, by columns, in the order of (event time, created)
// (docs/formats/store.md). Never changed once written.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "state/format/event_block.h"

namespace millrace::state {

// The rows `rows` of `from`, which are in order.
std::string EncodeChunk(const EventColumns& from, std::span<const int64_t> rows);
// Appends the rows. Error: corrupt.
base::Status DecodeChunk(std::string_view bytes, EventBlock* out);

}  // namespace millrace::state
