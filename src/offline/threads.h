// RunTasks: how independent pieces of work are run. No result depends on their order.
#pragma once

#include <cstdint>
#include <functional>

#include "base/status.h"

namespace millrace::offline {

// Calls task(0) … task(count - 1), perhaps at the same time, begun in that order; returns when all
// that began have ended. After an error no further task begins; the error of the lowest task wins.
using Task = std::function<base::Status(int64_t)>;
using RunTasks = std::function<base::Status(int64_t count, const Task& task)>;

// On as many threads; 0: as many as there are cores.
RunTasks OnThreads(int threads);
int ThreadCount(int threads);

base::Status RunInOrder(int64_t count, const Task& task);

}  // namespace millrace::offline
