// Rows only ever become visible, so the newest one is a running maximum; the ttl is judged at the
// end.
#include "sweep/snapshot_sweep.h"

#include <algorithm>
#include <utility>

#include "sweep/gather.h"
#include "window/window.h"

namespace millrace::sweep {

using base::EventTime;

namespace {

class NewestRow {
 public:
  NewestRow(const SortedEvents& events, const ViewSweep& sweep)
      : events_(events), sweep_(sweep), by_created_(sweep.by_created(events.has_created())) {
    const auto& features = sweep.view->features;
    for (size_t i = 0; i < features.size(); ++i) {
      if (features[i].kind == features::FeatureKind::kRow) tie_order_.push_back(i);
    }
    std::sort(tie_order_.begin(), tie_order_.end(),
              [&](size_t a, size_t b) { return features[a].name < features[b].name; });
  }

  void SweepKey(int32_t key, std::span<const EventTime> questions, int64_t* winners) {
    int64_t at = events_.offsets[key];
    const int64_t last = events_.offsets[key + 1];
    int64_t newest = kNoRow;
    for (size_t q = 0; q < questions.size(); ++q) {
      for (; at < last && Visible(RowAt(at), questions[q]); ++at) {
        if (newest < 0 || !Newer(newest, RowAt(at))) newest = RowAt(at);
      }
      winners[q] = newest;
      if (newest >= 0 &&
          !window::WithinTtl(events_.times[newest], questions[q], sweep_.view->ttl)) {
        winners[q] = kExpiredRow;
      }
    }
  }

 private:
  int64_t RowAt(int64_t at) const { return by_created_ ? events_.visible_order[at] : at; }
  bool Visible(int64_t row, EventTime t) const {
    return events_.times[row] <= t && (!by_created_ || events_.created[row] <= t);
  }
  // Whether row `a` wins over row `b`.
  bool Newer(int64_t a, int64_t b) const {
    if (events_.times[a] != events_.times[b]) return events_.times[a] > events_.times[b];
    if (events_.has_created() && events_.created[a] != events_.created[b]) {
      return events_.created[a] > events_.created[b];
    }
    for (const size_t feature : tie_order_) {
      const columns::Column& values = events_.values[feature];
      const auto order = columns::CompareCells(values, a, values, b);
      if (order != 0) return order > 0;
    }
    return false;
  }

  const SortedEvents& events_;
  const ViewSweep& sweep_;
  const bool by_created_;
  std::vector<size_t> tie_order_;
};

}  // namespace

SnapshotSweeper::SnapshotSweeper(ViewSweep sweep) : sweep_(std::move(sweep)) {}

SweptRows SnapshotSweeper::Run(const SortedEvents& events, const Questions& questions) {
  const std::vector<int64_t> winners = NewestRows(events, questions, sweep_);
  SweptRows swept;
  swept.found.reserve(winners.size());
  if (sweep_.event_times) swept.event_times.Reserve(questions.size());
  for (size_t q = 0; q < winners.size(); ++q) {
    const int64_t winner = winners[q];
    const bool found = winner >= 0;
    swept.found.push_back(found                     ? Found::kFound
                          : (winner == kExpiredRow) ? Found::kExpired
                                                    : Found::kNothing);
    if (sweep_.event_times) {
      if (found) {
        swept.event_times.AppendInt(events.times[winner].micros());
      } else {
        swept.event_times.AppendNull();
      }
    }
    if (!found) continue;
    swept.gaps.AddEvent(events.times[winner] - questions.times[q]);
    if (sweep_.by_created(events.has_created())) {
      swept.gaps.AddCreated(events.created[winner] - questions.times[q]);
    }
  }
  for (const int index : sweep_.features) {
    const columns::Column& values = events.values[index];
    if (values.type.is_null()) {  // no row at all
      swept.cells.emplace_back(sweep_.view->features[index].type);
      for (size_t q = 0; q < winners.size(); ++q) swept.cells.back().AppendNull();
    } else if (values.codes != nullptr) {
      swept.cells.push_back(GatherShared(values, winners));
    } else {
      swept.cells.emplace_back(values.type);
      AppendRows(values, winners, &swept.cells.back());
    }
  }
  return swept;
}

std::vector<int64_t> NewestRows(const SortedEvents& events, const Questions& questions,
                                const ViewSweep& sweep) {
  NewestRow newest(events, sweep);
  std::vector<int64_t> winners(questions.size(), kNoRow);
  for (int32_t key = 0; key < events.keys(); ++key) {
    const int64_t first = questions.offsets[key];
    const int64_t size = questions.offsets[key + 1] - first;
    if (size == 0) continue;
    newest.SweepKey(key, {questions.times.data() + first, static_cast<size_t>(size)},
                    winners.data() + first);
  }
  return winners;
}

}  // namespace millrace::sweep
