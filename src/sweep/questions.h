// Questions: which keys are asked about at which times, sorted once by (key, time). One row of a
// spine is one question; equal ones are kept apart.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "sweep/tasks.h"

namespace millrace::sweep {

struct Questions {
  // Questions of key k are [offsets[k], offsets[k + 1]), ascending in time, then in row.
  std::vector<int64_t> offsets;  // number of keys + 1
  std::vector<base::EventTime> times;
  std::vector<int64_t> rows;  // of the spine

  int64_t size() const { return static_cast<int64_t>(times.size()); }
};

// Row i asks about key_ids[i] (KeyIds::kNone: about nothing, and is left out) at times[i]; where
// `asked` is not empty, only rows with asked[i] != 0.  REQUIRES: ids < keys.
Questions SortQuestions(std::span<const int32_t> key_ids, std::span<const base::EventTime> times,
                        std::span<const uint8_t> asked, int32_t keys);

// Ranges of keys with about equally much work; range i is [bounds[i], bounds[i + 1]).
// REQUIRES: both over the same number of keys.
std::vector<int32_t> KeyRanges(const std::vector<int64_t>& event_offsets,
                               const std::vector<int64_t>& question_offsets, int32_t ranges);

}  // namespace millrace::sweep
