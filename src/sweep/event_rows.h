// EventRows: kept rows of one view as columns, in no order: how rows wait for their sweep, in
// memory or read back from a spill. SortEvents (sorted_events.h) makes of them what a sweep walks
// over.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "columns/column.h"

namespace millrace::sweep {

// Cells of type kNull: the column is not wanted.
struct EventColumn {
  columns::Column cells;
  std::shared_ptr<const void> owner;
  // Strings by their code, where `cells` has codes and no strings.
  std::span<const std::string_view> dictionary;
};

struct EventRows {
  std::vector<int32_t> keys;  // dense numbers, chosen by the caller
  std::vector<base::EventTime> times;
  std::vector<base::EventTime> created;       // empty: the source has no knowledge time
  std::vector<EventColumn> inputs;            // by View::inputs
  std::vector<EventColumn> values;            // by View::features: rows of snapshot views
  std::vector<std::vector<uint8_t>> filters;  // by View::filters: 1 where true; empty: not wanted

  int64_t size() const { return static_cast<int64_t>(times.size()); }
  int64_t bytes() const;  // of the rows, dictionaries not counted
  // Whether some column's strings are its own: then what is sorted from the rows points to them.
  bool OwnsStrings() const;
};

// The rows [first, last) of `rows`.
struct EventPiece {
  const EventRows* rows = nullptr;
  int64_t first = 0;
  int64_t last = 0;
  int64_t size() const { return last - first; }
};

}  // namespace millrace::sweep
