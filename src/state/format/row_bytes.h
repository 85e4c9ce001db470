// Row bytes: one stored row after another, as rows wait to be applied and as the open rows of a key
// lie in its head (docs/formats/store.md). A chunk (chunk.h) holds the same by columns.
#pragma once

#include <span>

#include "base/bytes.h"
#include "state/format/event_block.h"

namespace millrace::state {

void AppendRow(const EventColumns& from, int64_t row, base::ByteWriter* out);
// The rows `rows` of `from`, in that order.
void AppendRows(const EventColumns& from, std::span<const int64_t> rows, base::ByteWriter* out);

// What a row begins with; its cells follow, by RowLayout::columns.
struct RowTimes {
  base::EventTime event_time;
  base::EventTime created = base::EventTime::Min();  // where the table has none
};
// Error: corrupt.
base::Result<RowTimes> DecodeRowTimes(base::ByteReader* in, bool has_created);

// Appends the next `count` rows. Error: corrupt.
base::Status DecodeRows(base::ByteReader* in, uint64_t count, EventBlock* out);

}  // namespace millrace::state
