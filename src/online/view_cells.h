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

  // `needed`: by View::features. REQUIRES: the view outlives this.
  ViewCells(const features::View& view, const std::vector<bool>& needed);
  // Empties it, for so many rows. What it held may have been moved away.
  void Begin(int64_t rows);
  void AppendNulls(RowStatus status);
  // The times of the rows that stand, for derived features that read them.
  columns::OwnedColumn RowTimes() const;

  const features::View& view;
  std::vector<int> features;                         // stored ones that are needed
  std::vector<columns::ColumnBuffer> cells;          // by `features`, before defaults
  std::vector<std::vector<base::EventTime>> newest;  // by `features`: the newest event, the row
  std::vector<RowStatus> statuses;                   // by row
  std::vector<base::EventTime> row_times;            // by row: of a snapshot view's row
};

}  // namespace millrace::online
