// SweepWindows: the windowed features, resp. labels, of one view for every question, one pass per
// key.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "aggregate/aggregate.h"
#include "columns/column.h"
#include "features/plan.h"
#include "sweep/questions.h"
#include "sweep/tasks.h"
#include "sweep/view_events.h"

namespace millrace::sweep {

struct WindowSweep {
  const features::View* view = nullptr;
  std::vector<int> features;  // kAggregate features of the view, by index
  // Set for labels: the window is (t, t + length] and knowledge time plays no part.
  std::optional<base::Duration> label_length;
  bool ignore_created = false;
};

struct WindowAnswers {
  // Per feature one cell per spine row: as its function finalizes it, null where the row asks
  // nothing.
  std::vector<columns::OwnedColumn> cells;
  // Per spine row: 1 if an event counts in the view's longest window (of a label: in its own).
  std::vector<uint8_t> counts;
};

// How many rows the answer has, and how its pieces of work are run.
struct SpineRows {
  int64_t rows = 0;
  RunTasks run = RunInOrder;
};

// REQUIRES: `events` and `questions` over the same keys; question rows < spine.rows.
WindowAnswers SweepWindows(const SortedEvents& events, const Questions& questions,
                           const WindowSweep& sweep, const SpineRows& spine);

// Per time of `times`, ascending: whether an event of the key counts in the view's longest window.
std::vector<uint8_t> CountsAtTimes(const SortedEvents& events, int32_t key,
                                   const WindowSweep& sweep,
                                   std::span<const base::EventTime> times);

}  // namespace millrace::sweep
