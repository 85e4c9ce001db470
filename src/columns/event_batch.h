// EventBatch: rows of one source, each with its times and its place. What sources make and every
// executor eats. All its rows are good ones: what was rejected is in a RejectedRows beside it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "columns/column.h"

namespace millrace::columns {

struct EventBatch {
  int64_t size = 0;
  // By the source's column order (features::Source::columns); one that was not asked for has type
  // kNull and no cells.
  std::vector<OwnedColumn> columns;
  std::vector<base::EventTime> event_times;
  std::vector<base::EventTime> created;  // knowledge times; empty when the source declares none
  // The place of row i is (origin, rows[i]): a file and the row in it, a topic partition and
  // offset.
  std::string origin;
  std::vector<int64_t> rows;
};

// Rows that were not used, by reason, with the first few as examples.
struct RejectedRows {
  static constexpr size_t kExamplesMax = 5;
  struct Reason {
    std::string where;  // "source purchases", "view spend", "feature spend:sum_7d"
    std::string code;   // stable: null_event_time, unreadable_event_time, null_key, bad_cast, …
    int64_t count = 0;
    std::vector<std::string> examples;  // "purchases.csv row 17: 'yesterday'", at most kExamplesMax
  };
  std::vector<Reason> reasons;

  void Add(std::string_view where, std::string_view code, std::string example, int64_t count = 1);
  void Merge(const RejectedRows& other);
  int64_t total() const;
};

}  // namespace millrace::columns
