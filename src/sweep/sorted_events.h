// SortedEvents: rows of one view by key and time: what windows and snapshots are read from.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/plan.h"
#include "sweep/event_rows.h"

namespace millrace::sweep {

// Immutable: rows of key k are [offsets[k], offsets[k + 1]), in order of event time, then created,
// then as they came.
struct SortedEvents {
  std::vector<int64_t> offsets;  // number of keys + 1
  std::vector<base::EventTime> times;
  std::vector<base::EventTime> created;  // empty: the source has no knowledge time
  // With `created`: the rows of each key in the order in which they become visible (event time and
  // knowledge time both reached); else empty: they are visible in the order of event time.
  std::vector<int64_t> visible_order;
  std::vector<columns::Column> inputs;        // by View::inputs; type kNull where not wanted
  std::vector<std::vector<uint8_t>> filters;  // by View::filters: 1 where true
  std::vector<columns::Column> values;        // by View::features: rows of snapshot views
  std::vector<columns::OwnedColumn> owned;    // the memory of inputs and values

  int64_t size() const { return static_cast<int64_t>(times.size()); }
  bool has_created() const { return !created.empty(); }
  int32_t keys() const { return static_cast<int32_t>(offsets.size()) - 1; }
};

// The rows of all pieces, which are of one view, their keys in [0, keys). REQUIRES: less than 2^31
// rows; what their strings point to outlives the result, the pieces themselves need not.
SortedEvents SortEvents(const features::View& view, std::span<const EventPiece> pieces,
                        int32_t keys);

}  // namespace millrace::sweep
