// Threads for the sweep's tasks (sweep/tasks.h).
#pragma once

#include "sweep/tasks.h"

namespace millrace::offline {

// Runs tasks on `threads` threads (0: one per core), the caller's among them.
sweep::RunTasks OnThreads(int threads);

}  // namespace millrace::offline
