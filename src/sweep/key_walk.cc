// Spans only move forward, so each row's first and last question are found by two pointers.
#include "sweep/key_walk.h"

#include <algorithm>
#include <limits>

namespace millrace::sweep {

using base::EventTime;

void KeyWalk::SetEvents(const SortedEvents& events, bool by_created) {
  events_ = &events;
  by_created_ = by_created;
}

void KeyWalk::SetKey(int32_t key, std::span<const EventTime> questions) {
  first_ = events_->offsets[key];
  last_ = events_->offsets[key + 1];
  questions_ = questions;
}

aggregate::Walk KeyWalk::Past(const window::Window& window, base::Duration resolution,
                              const uint8_t* filter) {
  spans_.clear();
  for (const EventTime t : questions_) spans_.push_back(window::SpanAt(t, window, resolution));
  return Build(by_created_, filter);
}

aggregate::Walk KeyWalk::Future(base::Duration label_length, const uint8_t* filter) {
  spans_.clear();
  for (const EventTime t : questions_) spans_.push_back(window::LabelSpanAt(t, label_length));
  return Build(false, filter);
}

aggregate::Walk KeyWalk::Build(bool by_created, const uint8_t* filter) {
  enter_.clear();
  leave_.clear();
  entered_at_.assign(questions_.size(), 0);
  left_at_.assign(questions_.size(), 0);
  if (by_created) {
    WalkByCreated(filter);
  } else {
    WalkByTime(filter);
  }
  steps_.clear();
  int64_t entered = 0;
  int64_t left = 0;
  for (size_t q = 0; q < questions_.size(); ++q) {
    entered += entered_at_[q];
    left += left_at_[q];
    steps_.push_back({questions_[q], entered, left});
  }
  return {enter_, by_created ? leave_ : enter_, steps_};
}

// A row is seen first, and so nearest to its own time, by the question that it enters before.
void KeyWalk::AddGaps(Gaps* gaps) const {
  if (enter_.empty()) return;
  int64_t event = std::numeric_limits<int64_t>::min();
  int64_t created = event;
  const int64_t* row = enter_.data();
  for (size_t q = 0; q < questions_.size(); ++q) {
    for (int64_t i = 0; i < entered_at_[q]; ++i, ++row) {
      event = std::max(event, (events_->times[*row] - questions_[q]).micros());
      if (!by_created_) continue;
      created = std::max(created, (events_->created[*row] - questions_[q]).micros());
    }
  }
  gaps->AddEvent(base::Duration::Micros(event));
  if (by_created_) gaps->AddCreated(base::Duration::Micros(created));
}

void KeyWalk::WalkByTime(const uint8_t* filter) {
  if (spans_.empty()) return;
  const int64_t questions = static_cast<int64_t>(spans_.size());
  const auto begin = events_->times.begin();
  int64_t row = std::lower_bound(begin + first_, begin + last_, spans_[0].begin) - begin;
  int64_t enters = 0;
  int64_t leaves = 0;
  for (; row < last_; ++row) {
    const EventTime time = events_->times[row];
    while (enters < questions && time >= spans_[enters].end) ++enters;
    if (enters == questions) return;
    while (leaves < questions && spans_[leaves].begin <= time) ++leaves;
    if (enters >= leaves || (filter != nullptr && filter[row] == 0)) continue;
    enter_.push_back(row);
    ++entered_at_[enters];
    if (leaves < questions) ++left_at_[leaves];
  }
}

void KeyWalk::WalkByCreated(const uint8_t* filter) {
  if (spans_.empty()) return;
  const int64_t questions = static_cast<int64_t>(spans_.size());
  enters_before_.assign(last_ - first_, questions);
  leaves_before_.assign(last_ - first_, 0);
  int64_t leaves = 0;
  for (int64_t row = first_; row < last_; ++row) {
    while (leaves < questions && spans_[leaves].begin <= events_->times[row]) ++leaves;
    leaves_before_[row - first_] = leaves;
  }
  const auto seen = [&](int64_t row) {
    return enters_before_[row - first_] < leaves_before_[row - first_] &&
           (filter == nullptr || filter[row] != 0);
  };
  int64_t enters = 0;
  for (int64_t at = first_; at < last_; ++at) {
    const int64_t row = events_->visible_order[at];
    while (enters < questions && (events_->times[row] >= spans_[enters].end ||
                                  events_->created[row] > questions_[enters])) {
      ++enters;
    }
    if (enters == questions) break;
    enters_before_[row - first_] = enters;
    if (!seen(row)) continue;
    enter_.push_back(row);
    ++entered_at_[enters];
  }
  for (int64_t row = first_; row < last_; ++row) {
    if (!seen(row)) continue;
    leave_.push_back(row);
    if (leaves_before_[row - first_] < questions) ++left_at_[leaves_before_[row - first_]];
  }
}

}  // namespace millrace::sweep
