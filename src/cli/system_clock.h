// The wall clock, the one place of this program that reads it.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace millrace::cli {

class SystemClock : public base::Clock {
 public:
  base::EventTime Now() const override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return base::EventTime::Micros(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  }
};

}  // namespace millrace::cli
