// SweepSnapshot: the newest row of one snapshot view for every question. Lookups use it with events
// as the questions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "features/plan.h"
#include "sweep/questions.h"
#include "sweep/view_events.h"
#include "sweep/window_sweep.h"

namespace millrace::sweep {

// What stands for "no row" in an answer.
inline constexpr int64_t kNoRow = -1;       // none with its times at or before the question
inline constexpr int64_t kExpiredRow = -2;  // the newest one is older than the ttl

struct SnapshotSweep {
  const features::View* view = nullptr;
  bool ignore_created = false;
};

// Per spine row the winning row of `events`, or kNoRow or kExpiredRow; kNoRow where the row asks
// nothing. REQUIRES: `events` and `questions` over the same keys.
std::vector<int64_t> SweepSnapshot(const SortedEvents& events, const Questions& questions,
                                   const SnapshotSweep& sweep, const SpineRows& spine);

// The same for one key at ascending times, one winner per time.
std::vector<int64_t> NewestRows(const SortedEvents& events, int32_t key, const SnapshotSweep& sweep,
                                std::span<const base::EventTime> times);

}  // namespace millrace::sweep
