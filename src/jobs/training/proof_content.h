// What a proof says of a plan, of a report and of the sources that were read: the same functions
// when it is made (training_set) and when it is judged (verify).
#pragma once

#include <string>
#include <vector>

#include "columns/event_batch.h"
#include "features/plan.h"
#include "jobs/training/proof.h"
#include "offline/training_set.h"

namespace millrace::jobs {

// The selected features, then the labels.
std::vector<ProofColumn> ProofColumns(const offline::TrainingSetRequest& request);
// Without examples, in the order of their names: the order of reading is no property of the data.
std::vector<ProofRejected> ProofRejects(const columns::RejectedRows& rejected);

}  // namespace millrace::jobs
