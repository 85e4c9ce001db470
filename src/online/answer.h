// Answer: what an online read gives: per name the values, what there is to say of each, and how old
// they are. For a person, a table; for a machine, the server's JSON (answer_json.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/derive.h"
#include "online/row_status.h"

namespace millrace::online {

struct AnswerColumn {
  std::string name;
  columns::OwnedColumn values;
  std::vector<CellStatus> statuses;
  // Of the row; of a window its newest event's, of derived and on-demand features the newest of
  // their inputs'. The epoch where there is none.
  std::vector<base::EventTime> event_times;
  std::vector<RowStatus> rows;  // what its view said of each row; empty on demand
  bool stored = false;          // read, not derived
  std::string feature;          // "view:feature"
};

struct Answer {
  int64_t rows = 0;
  std::vector<AnswerColumn> columns;        // in the order of the selection
  std::vector<features::ErrorCell> errors;  // cells that an evaluation error made null
  int64_t rows_null_key = 0;
  int64_t rows_null_time = 0;
  // The commit that was seen.
  int64_t commit = 0;
  base::EventTime commit_time;
};

}  // namespace millrace::online
