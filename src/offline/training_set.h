// MakeTrainingSet: the point-in-time join. A plan, a selection, a spine (or steps without one) and
// a way to open sources in; one Arrow table and a report out. Opens no file itself. Called by jobs
// and by the case runner's engine `offline`.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "features/plan.h"
#include "features/selection.h"
#include "offline/report.h"
#include "sources/event_reader.h"

namespace millrace::offline {

// Opens a source with the columns and times asked for; it says itself where files are (`root`).
// Called once per source.
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
  int threads = 0;      // 0: as many as there are cores; the result does not depend on it
};

struct TrainingSet {
  // With a spine: its rows in its order with all its columns, then one column per selected feature,
  // then one per label. Without: the key columns, the timestamp column, features, labels; ordered
  // by step, then by key in the order of values.
  std::shared_ptr<arrow::Table> table;
  Report report;
};

// Errors: missing_column (key, timestamp or request field that the spine lacks; all at once),
// bad_spine (a key or time that does not read as its type, with column, row and expectation; types
// that cannot), duplicate_name (a feature's column clashes with one of the spine or another, both
// listed), usage (without a spine: no or several entities, request fields), strict, and whatever
// the sources report.
base::Result<TrainingSet> MakeTrainingSet(const TrainingSetRequest& request,
                                          const SourceOpener& open);

}  // namespace millrace::offline
