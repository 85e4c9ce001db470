// Table: where the rows of one event id are kept: which columns of each row, which merged states
// beside them, and since when they are complete. Several views, and versions of them, share one.
// The catalogue of all tables is one row of the store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "features/plan.h"
#include "state/format/event_block.h"

namespace millrace::state {

// A column of every row: an input, a filter or a snapshot view's feature, by what it means.
struct StoredColumn {
  std::string id;  // features::StoredColumnId
  columns::Type type;
};

// A merged state kept beside chunks and in tiles.
struct StateSlot {
  std::string state_id;  // features::Feature::state_id
  int column = -1;       // of the input, index into Table::columns; -1: none
  int filter = -1;       // index into Table::columns; -1: none
};

// How the closed rows of a key are cut.
struct ChunkSizes {
  uint32_t rows = 256;      // of a chunk
  uint32_t per_group = 64;  // chunks that share a summary
};

struct Table {
  uint32_t number = 0;
  std::string event_id;
  std::string source;  // for people
  features::ViewKind kind = features::ViewKind::kWindowed;
  base::Duration resolution;  // 0: exact
  ChunkSizes chunks;
  bool has_created = false;
  std::vector<columns::Field> keys;
  std::vector<StoredColumn> columns;
  std::vector<StateSlot> slots;
  // What had ended before may be gone, what came later is all there. Max: rows have passed it by.
  base::EventTime complete_since = base::EventTime::Min();
  // The latest instant at which one of its events looked another view up; Min: none did. A row of
  // such a view that was known by then came too late for them.
  base::EventTime looked_up_until = base::EventTime::Min();

  int FindColumn(std::string_view id) const;      // -1: none
  int FindSlot(std::string_view state_id) const;  // -1: none
  RowLayout layout() const;
};

struct Catalog {
  std::vector<Table> tables;  // by number
  uint32_t next_number = 1;

  std::string Encode() const;
  // Error: corrupt.
  static base::Result<Catalog> Decode(std::string_view bytes);
};

}  // namespace millrace::state
