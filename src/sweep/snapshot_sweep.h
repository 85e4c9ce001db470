// SnapshotSweeper: the newest row of a snapshot view for every question. Lookups use NewestRows
// with events as the questions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "sweep/view_sweep.h"

namespace millrace::sweep {

// What stands for "no row" among winners.
inline constexpr int64_t kNoRow = -1;       // none with its times at or before the question
inline constexpr int64_t kExpiredRow = -2;  // the newest one is older than the ttl

class SnapshotSweeper final : public ViewSweeper {
 public:
  explicit SnapshotSweeper(ViewSweep sweep);
  SweptRows Run(const SortedEvents& events, const Questions& questions) override;

 private:
  const ViewSweep sweep_;
};

// Per question the winning row of `events`, or kNoRow or kExpiredRow. REQUIRES: both over the same
// keys.
std::vector<int64_t> NewestRows(const SortedEvents& events, const Questions& questions,
                                const ViewSweep& sweep);

}  // namespace millrace::sweep
