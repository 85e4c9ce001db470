// Steps without a spine: every key that has something to say at from, from + every, … < to, as a
// Spine.
#pragma once

#include <vector>

#include "offline/needs.h"
#include "offline/spine.h"
#include "offline/training_set.h"
#include "sweep/tasks.h"
#include "sweep/view_events.h"

namespace millrace::offline {

// Error: usage: no steps, no or several entities, request fields.
base::Status CheckSteps(const TrainingSetRequest& request);

// A key is listed at a step if an event counts in the longest window of any view, or a snapshot
// view has a valid row. Ordered by step, then by key in the order of values. REQUIRES: CheckSteps;
// all views' keys lie in `keys`.
Spine ListSteps(const TrainingSetRequest& request, const Needs& needs,
                const std::vector<sweep::SortedEvents>& views, KeySpace* keys,
                const sweep::RunTasks& run);

// The key columns and the timestamp column of such a spine.
base::Result<std::shared_ptr<arrow::Table>> StepsTable(const TrainingSetRequest& request,
                                                       const Spine& spine);

}  // namespace millrace::offline
