// RunTasks: how a sweep's independent pieces of work are run. The sweep starts no thread itself;
// its caller gives one of these (offline runs them on threads). Nothing it computes depends on the
// order.
#pragma once

#include <cstdint>
#include <functional>

namespace millrace::sweep {

// Calls task(0) … task(count - 1), each once, perhaps at the same time; returns when all are done.
using RunTasks = std::function<void(int64_t count, const std::function<void(int64_t)>& task)>;

inline void RunInOrder(int64_t count, const std::function<void(int64_t)>& task) {
  for (int64_t i = 0; i < count; ++i) task(i);
}

}  // namespace millrace::sweep
