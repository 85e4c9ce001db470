// MakeTrainingSet: the point-in-time join. A plan, a selection, a spine (or steps without one) and
// a way to open sources in; rows in record batches and a report out, in bounded memory. Opens no
// file but its spill file. Called by jobs and by the case runner's engine `offline`.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/status.h"
#include "base/time.h"
#include "features/plan.h"
#include "features/selection.h"
#include "offline/report.h"
#include "sources/event_reader.h"

namespace millrace::offline {

// Opens a source; the opener says where its relative paths start (ReadOptions::root).
using SourceOpener = std::function<base::Result<std::unique_ptr<sources::EventReader>>(
    const features::Source& source, sources::ReadOptions options)>;

// Questions without a spine: every key that has something to say, at from, from + every, … < to.
struct Steps {
  base::EventTime from;
  base::EventTime to;
  base::Duration every;  // > 0
};

struct TrainingSetRequest {
  const features::FeaturePlan* plan = nullptr;
  features::Selection selection;
  std::vector<int> labels;              // indices into FeaturePlan::labels
  std::shared_ptr<arrow::Table> spine;  // nullptr: `steps` is set
  std::string timestamp =
      "event_timestamp";  // the spine's request time; the output's name of it without a spine
  std::optional<Steps> steps;
  bool ignore_created = false;
  bool strict = false;  // a rejected row or an error cell is the error `strict`
  // No result depends on these.
  int threads = 0;  // 0: as many as there are cores
  // Of rows, answers and the spine's keys; beyond it they are spilled. The spine's own table, what
  // a source decodes at a time and the process itself come on top.
  int64_t memory_bytes = int64_t{4} << 30;
  std::string spill_folder = ".";
  int64_t chunk_rows = 100'000;  // of a batch of the answer
  base::Progress* progress = nullptr;
};

// Where the answer goes.
class RowSink {
 public:
  virtual ~RowSink() = default;
  // Once, before the first Write.
  virtual base::Status Begin(const std::shared_ptr<arrow::Schema>& schema) = 0;
  // The rows in order, at most TrainingSetRequest::chunk_rows at a time.
  virtual base::Status Write(const std::shared_ptr<arrow::RecordBatch>& rows) = 0;
};

struct TrainingSet {
  // With a spine: its rows in its order with all its columns, then one column per selected feature,
  // then one per label. Without: the key columns, the timestamp column, features, labels; ordered
  // by step, then by key in the order of values.
  std::shared_ptr<arrow::Table> table;
  Report report;
};

// Rows are given to `sink` as TrainingSet::table says. After an error, `strict` too, what it was
// given is not to be used. Errors: missing_column (key, timestamp or request field that the spine
// lacks; all at once), bad_spine (a key or time that does not read as its type, with column, row
// and expectation; types that cannot), duplicate_name (a feature's column clashes with one of the
// spine or another, both listed), usage (without a spine: no or several entities, request fields),
// strict, disk_full, and whatever the sources and the sink report.
base::Result<Report> MakeTrainingSet(const TrainingSetRequest& request, const SourceOpener& open,
                                     RowSink* sink);

// The same as a table in memory.
base::Result<TrainingSet> MakeTrainingSet(const TrainingSetRequest& request,
                                          const SourceOpener& open);

}  // namespace millrace::offline
