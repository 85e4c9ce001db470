// Report: what a training set was made of and what was left out, for people (text) and machines
// (JSON). Filled by MakeTrainingSet (training_set.h); printed by jobs' callers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "columns/event_batch.h"
#include "sources/event_reader.h"

namespace millrace::offline {

struct SourceRead {
  std::string source;
  int64_t events = 0;       // readable rows
  int64_t rows_pruned = 0;  // in row groups that no question can see: neither read nor judged
  std::vector<sources::InputFile> files;
  bool has_created = false;
  int64_t one_sided = 0;  // pushed rows that are for stores alone: in the log, not in the answer
};

// How near what was used came to the time of the row it was used for: the largest difference over
// all rows, event time (knowledge time) minus the row's time. Nothing: no row of the view was used,
// resp. its source has no knowledge time or it was ignored.
struct UsedGap {
  std::string view;
  std::optional<base::Duration> event;    // < 0 in a windowed view, <= 0 in a snapshot view
  std::optional<base::Duration> created;  // <= 0
};

// Null cells of a column of the answer (after defaults). Reasons: null_key, null_time, not_found
// (no event counts in the view's longest window, resp. no row), outside_max_age, null_value, error,
// not_over_yet (labels).
struct NullCells {
  std::string column;  // its name in the table
  std::string reason;
  int64_t count = 0;
};

// Cells that an evaluation error made null (before defaults).
struct ErrorCells {
  std::string feature;  // "view:feature", "label name"
  std::string code;     // columns::ErrorName
  int64_t count = 0;
  std::string first_key;  // "user_id=u1 at 2025-01-31T00:00:00Z"
};

// --ignore-created: in how many cells the value differs from the one that respects knowledge time.
struct ChangedCells {
  std::string column;
  int64_t count = 0;
  // Of a numeric column: the largest finite difference, and where it is: "user_id=u1 at …".
  std::optional<double> largest;
  std::string largest_row;
};

struct Report {
  bool with_spine = true;
  int64_t rows_in = 0;  // of the spine; without one, (key, step) pairs listed
  int64_t rows_out = 0;
  int64_t columns_out = 0;    // the spine's, features and labels
  int64_t features = 0;       // columns added, labels included
  int64_t rows_null_key = 0;  // spine rows in which some key that is needed is null
  int64_t rows_null_time = 0;
  std::vector<SourceRead> sources;
  std::vector<UsedGap> gaps;  // by view, in the order of the selection
  columns::RejectedRows rejected;
  std::vector<NullCells> null_cells;
  std::vector<ErrorCells> error_cells;
  std::vector<NullCells> labels_not_over;  // of null_cells those that are not_over_yet
  bool ignored_created = false;
  int64_t rows_changed = 0;  // --ignore-created: rows with at least one changed cell
  std::vector<ChangedCells> changed;
  // Plain sentences, such as "assumes that events are online the instant they happen (source x …)".
  std::vector<std::string> assumptions;
  int64_t spilled_bytes = 0;
  double seconds = 0;

  // What --strict refuses.
  bool HasBadRows() const { return rejected.total() > 0 || !error_cells.empty(); }
};

// A line per reason, with its examples.
std::string ToText(const columns::RejectedRows& rejected);
std::string ToText(const Report& report);
std::string ToJson(const Report& report);  // one object, two-space indented

}  // namespace millrace::offline
