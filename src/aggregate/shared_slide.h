// SharedSlide: one pass over a walk's rows for several aggregates of the same input, window and
// filter. sum, avg, var and stddev of one number keep the same sums; what shares nothing runs as it
// would alone. For sweeps, which call ShareSlides once and Run for each key.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "aggregate/aggregate.h"

namespace millrace::aggregate {

class SharedSlide {
 public:
  virtual ~SharedSlide() = default;
  // As Slide::Run for each of its aggregates: outs[i] is of the i-th one's result type.
  virtual void Run(const Input& input, const Walk& walk,
                   std::span<columns::ColumnBuffer* const> outs) = 0;
};

struct SlideShare {
  std::unique_ptr<SharedSlide> slide;
  std::vector<size_t> members;  // outs[i] belongs to aggregates[members[i]]
};

// Slides that serve each aggregate once, with the bits of the aggregate's own Slide.
// REQUIRES: every Run gives them an input that all the aggregates take.
std::vector<SlideShare> ShareSlides(std::span<const Aggregate* const> aggregates);

}  // namespace millrace::aggregate
