// The wall clock as an interface: pure rooms never ask for the time. The system's clock is made by
// programs (cli, serve, python) alone.
#pragma once

#include "base/time.h"

namespace millrace::base {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual EventTime Now() const = 0;
};

}  // namespace millrace::base
