// Questions: which keys are asked about at which times, sorted once by (key, time). One row of a
// spine is one question; equal ones are kept apart.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"

namespace millrace::sweep {

struct Questions {
  // Questions of key k are [offsets[k], offsets[k + 1]), ascending in time, then in row.
  std::vector<int64_t> offsets;  // number of keys + 1
  std::vector<base::EventTime> times;
  std::vector<int64_t> rows;  // where each came from: indices of what was sorted

  int64_t size() const { return static_cast<int64_t>(times.size()); }
};

// Row i asks about keys[i] (KeyIds::kNone: about nothing, and is left out) at times[i].
// REQUIRES: every key < key_count.
Questions SortQuestions(std::span<const int32_t> keys, std::span<const base::EventTime> times,
                        int32_t key_count);

}  // namespace millrace::sweep
