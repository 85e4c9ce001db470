// The typed loops of Slides: a family gives Enter, Leave and Read, which are inlined here, so that
// a Run costs one virtual call. Rows whose value is not valid never reach a family.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "aggregate/aggregate.h"

namespace millrace::aggregate {

// Rows has: Enter(row), Leave(row), Read(as_of, out).
template <bool kAllValid, class Rows>
void WalkRowsOf(const Input& input, const Walk& walk, Rows* rows, columns::ColumnBuffer* out) {
  int64_t entered = 0;
  int64_t left = 0;
  for (const Walk::Step& step : walk.steps) {
    for (; entered < step.entered; ++entered) {
      const int64_t row = walk.enter[static_cast<size_t>(entered)];
      if (kAllValid || input.value.valid(row)) rows->Enter(row);
    }
    for (; left < step.left; ++left) {
      const int64_t row = walk.leave[static_cast<size_t>(left)];
      if (kAllValid || input.value.valid(row)) rows->Leave(row);
    }
    rows->Read(step.as_of, out);
  }
}
template <class Rows>
void WalkRows(const Input& input, const Walk& walk, Rows* rows, columns::ColumnBuffer* out) {
  if (input.value.cells == nullptr) {
    WalkRowsOf<true>(input, walk, rows, out);
  } else {
    WalkRowsOf<false>(input, walk, rows, out);
  }
}

// Derived has: Begin(input), Enter(row), Leave(row), Read(as_of, out).
template <class Derived>
class RowSlide : public Slide {
 public:
  void Run(const Input& input, const Walk& walk, columns::ColumnBuffer* out) final {
    auto& self = *static_cast<Derived*>(this);
    self.Begin(input);
    WalkRows(input, walk, &self, out);
  }

 private:
  RowSlide() = default;
  friend Derived;
};

// Where each row of `enter` stands in `leave`.
class LeavePositions {
 public:
  void Reset(const Walk& walk) {
    same_ = walk.enter.data() == walk.leave.data() || std::ranges::equal(walk.enter, walk.leave);
    if (same_ || walk.leave.empty()) return;
    positions_.resize(walk.enter.size());
    const auto [first, last] = std::ranges::minmax(walk.leave);
    if (last - first < static_cast<int64_t>(walk.leave.size()) * 8 + 64) {
      by_row_.assign(static_cast<size_t>(last - first + 1), 0);
      for (size_t i = 0; i < walk.leave.size(); ++i) {
        by_row_[static_cast<size_t>(walk.leave[i] - first)] = static_cast<int64_t>(i);
      }
      for (size_t i = 0; i < walk.enter.size(); ++i) {
        positions_[i] = by_row_[static_cast<size_t>(walk.enter[i] - first)];
      }
      return;
    }
    absl::flat_hash_map<int64_t, int64_t> sparse;
    sparse.reserve(walk.leave.size());
    for (size_t i = 0; i < walk.leave.size(); ++i) sparse[walk.leave[i]] = static_cast<int64_t>(i);
    for (size_t i = 0; i < walk.enter.size(); ++i) positions_[i] = sparse[walk.enter[i]];
  }
  int64_t operator[](int64_t entered) const {
    return same_ ? entered : positions_[static_cast<size_t>(entered)];
  }

 private:
  bool same_ = true;
  std::vector<int64_t> positions_;
  std::vector<int64_t> by_row_;
};

// For families that look ahead: rows are named by their position in walk.leave, which is by event
// time. Derived has: Begin(input, leave), Enter(position), Leave(position), Read(as_of, out).
template <class Derived>
class PositionSlide : public Slide {
 public:
  void Run(const Input& input, const Walk& walk, columns::ColumnBuffer* out) final {
    auto& self = *static_cast<Derived*>(this);
    entering_.Reset(walk);
    self.Begin(input, walk.leave);
    int64_t entered = 0;
    int64_t left = 0;
    for (const Walk::Step& step : walk.steps) {
      for (; entered < step.entered; ++entered) {
        const int64_t row = walk.enter[static_cast<size_t>(entered)];
        if (input.value.valid(row)) self.Enter(entering_[entered]);
      }
      for (; left < step.left; ++left) {
        if (input.value.valid(walk.leave[static_cast<size_t>(left)])) self.Leave(left);
      }
      self.Read(step.as_of, out);
    }
  }

 private:
  PositionSlide() = default;
  friend Derived;

  LeavePositions entering_;
};

}  // namespace millrace::aggregate
