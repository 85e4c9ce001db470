// ColumnNames: whether the columns of a training set would have names of their own.
#pragma once

#include "offline/training_set.h"

namespace millrace::offline {

// Error: duplicate_name, every clash with both that give the name.
base::Status CheckNames(const TrainingSetRequest& request);

}  // namespace millrace::offline
