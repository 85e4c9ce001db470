// KeyWalk: one key's events and one key's questions turned into the Walks that aggregate::Slide
// runs: which rows enter and leave before which question. Window edges come from window::SpanAt.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "aggregate/aggregate.h"
#include "base/time.h"
#include "sweep/view_sweep.h"
#include "window/window.h"

namespace millrace::sweep {

class KeyWalk {
 public:
  // REQUIRES: `events` outlives the calls after it. by_created: a row counts from its knowledge
  // time on too; else from its event time on.
  void SetEvents(const SortedEvents& events, bool by_created);

  // REQUIRES: `questions` ascending; valid until the next call.
  void SetKey(int32_t key, std::span<const base::EventTime> questions);

  // Walks over one window, resp. one label; rows whose `filter` (by row, nullptr: none) is 0 and
  // rows that no question sees are left out. The walk is valid until the next call.
  aggregate::Walk Past(const window::Window& window, base::Duration resolution,
                       const uint8_t* filter);
  aggregate::Walk Future(base::Duration label_length, const uint8_t* filter);
  // How near the rows of the last walk came to the questions that saw them.
  void AddGaps(Gaps* gaps) const;

 private:
  aggregate::Walk Build(bool by_created, const uint8_t* filter);
  void WalkByTime(const uint8_t* filter);
  void WalkByCreated(const uint8_t* filter);

  const SortedEvents* events_ = nullptr;
  bool by_created_ = false;
  int64_t first_ = 0;  // the key's rows
  int64_t last_ = 0;
  std::span<const base::EventTime> questions_;
  std::vector<window::Span> spans_;  // per question
  std::vector<int64_t> enter_;
  std::vector<int64_t> leave_;
  std::vector<int64_t> entered_at_;  // per question: how many rows enter just before it
  std::vector<int64_t> left_at_;
  std::vector<int64_t> enters_before_;  // per row of the key: the question it enters before
  std::vector<int64_t> leaves_before_;
  std::vector<aggregate::Walk::Step> steps_;
};

}  // namespace millrace::sweep
