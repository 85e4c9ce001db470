// CHECK: an invariant of ours that stays on in release builds. Not for bad input, which is a
// Status.
#pragma once

namespace millrace::base {

// Prints the failed condition and aborts. Never returns.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace millrace::base

#define MILLRACE_CHECK(condition)     \
  ((condition) ? static_cast<void>(0) \
               : ::millrace::base::CheckFailed(__FILE__, __LINE__, #condition))
