// Answer: what an online read gives: per name the values, what there is to say of each, and how old
// they are. For a person, a table; for a machine, the server's JSON (answer_json.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/derive.h"
#include "online/row_status.h"

namespace millrace::online {

// A cell of each span is a row's. Columns that say the same may look at the same memory.
struct AnswerColumn {
  std::string_view name;
  columns::Column values;
  std::span<const CellStatus> statuses;
  // Of the row; of a window its newest event's, of derived and on-demand features the newest of
  // their inputs'. The epoch where there is none.
  std::span<const base::EventTime> event_times;
  // What its view said of each row; on demand the key or time that an input lacks, else kFound.
  std::span<const RowStatus> rows;
  bool stored = false;       // read, not derived
  std::string_view feature;  // "view:feature"
};

// Copied freely: what the columns look at never changes, and lives as long as any copy.
struct Answer {
  int64_t rows = 0;
  std::vector<AnswerColumn> columns;        // in the order of the selection
  std::vector<features::ErrorCell> errors;  // cells that an evaluation error made null
  int64_t rows_null_key = 0;
  int64_t rows_null_time = 0;
  base::EventTime now;  // the present of this read: the as_of of rows that name none
  // The commit that was seen.
  int64_t commit = 0;
  base::EventTime commit_time;
  std::vector<std::shared_ptr<const void>> owners;  // of what the columns look at

  // For who puts an answer together: keep it where columns can look at it.
  template <typename T>
  std::span<const T> Keep(std::vector<T> cells) {
    auto kept = std::make_shared<const std::vector<T>>(std::move(cells));
    const std::span<const T> view(*kept);
    owners.push_back(std::move(kept));
    return view;
  }
  std::string_view Keep(std::string text) {
    auto kept = std::make_shared<const std::string>(std::move(text));
    const std::string_view view = *kept;
    owners.push_back(std::move(kept));
    return view;
  }
  columns::Column Keep(columns::OwnedColumn column) {
    owners.push_back(std::move(column.owner));
    return column.view;
  }
};

}  // namespace millrace::online
