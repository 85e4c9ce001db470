// ViewCells: what reading a view gave for some keys: a cell per stored feature that is needed, and
// what there was to say of each key. Filled row by row by the readers of windowed and of snapshot
// views.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/plan.h"
#include "online/row_status.h"

namespace millrace::online {

struct ViewCells {
  // What a time is where there is no event or row.
  static constexpr base::EventTime kNoTime = base::EventTime::Min();

  // `features`: indices into View::features. `times_of`: by them, which of `times` is theirs.
  ViewCells(const features::View& view, std::vector<int> features, std::vector<int> times_of);
  // Empties it, for so many rows.
  void Begin(int64_t rows);
  void AppendNulls(RowStatus status, base::EventTime time = kNoTime);
  // The times of the rows that stand, for derived features that read them.
  columns::OwnedColumn RowTimes() const;

  std::vector<int> features;                        // stored ones that are needed
  std::vector<columns::ColumnBuffer> cells;         // by `features`, before defaults
  std::vector<int> times_of;                        // by `features`: index into times
  std::vector<std::vector<base::EventTime>> times;  // of the newest events, or of the row; by row
  std::vector<RowStatus> statuses;                  // by row
};

}  // namespace millrace::online
