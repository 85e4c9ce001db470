// A clock that never goes back, for how long something takes. Its times are since some instant of
// its own; only their differences mean something.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace millrace::cli {

class SteadyClock : public base::Clock {
 public:
  base::EventTime Now() const override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return base::EventTime::Micros(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  }
};

}  // namespace millrace::cli
