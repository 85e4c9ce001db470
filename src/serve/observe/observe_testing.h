// For tests and benches: a clock that says what it is told.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace millrace::serve {

class SetClock : public base::Clock {
 public:
  explicit SetClock(base::EventTime now) : micros_(now.micros()) {}
  base::EventTime Now() const override { return base::EventTime::Micros(micros_.load()); }
  void Set(base::EventTime now) { micros_.store(now.micros()); }

 private:
  std::atomic<int64_t> micros_;
};

}  // namespace millrace::serve
