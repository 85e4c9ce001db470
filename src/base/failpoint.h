// Failpoint: a named place where a test makes the program fail or die, chosen by the environment
// variable MILLRACE_FAILPOINTS (docs/testing.md). Costs one relaxed load while there are none.
#pragma once

#include <atomic>
#include <string_view>

#include "base/status.h"

namespace millrace::base {

// "name=error, name=full, name=kill, name=kill@3": a pass of `name` gives io_error or disk_full, or
// ends the process by SIGKILL at once; with @N at the Nth pass from now on alone. "" is none.
// Replaces those of the environment. Error: usage (the text). REQUIRES: no thread passes one
// meanwhile.
Status SetFailpoints(std::string_view text);

namespace failpoint_internal {
extern std::atomic<bool> any;
Status Pass(std::string_view name);
}  // namespace failpoint_internal

// OK, unless `name` was chosen to fail. Safe from every thread.
inline Status Failpoint(std::string_view name) {
  if (!failpoint_internal::any.load(std::memory_order_relaxed)) return Status::OK();
  return failpoint_internal::Pass(name);
}

}  // namespace millrace::base
