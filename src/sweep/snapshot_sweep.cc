// Rows only ever become visible, so the newest one is a running maximum; the ttl is judged at the
// end.
#include "sweep/snapshot_sweep.h"

#include <algorithm>

#include "window/window.h"

namespace millrace::sweep {

using base::EventTime;

namespace {

constexpr int32_t kRangesMax = 64;

class NewestRow {
 public:
  NewestRow(const SortedEvents& events, const SnapshotSweep& sweep)
      : events_(events), sweep_(sweep), by_created_(events.has_created() && !sweep.ignore_created) {
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
  const SnapshotSweep& sweep_;
  const bool by_created_;
  std::vector<size_t> tie_order_;
};

}  // namespace

std::vector<int64_t> SweepSnapshot(const SortedEvents& events, const Questions& questions,
                                   const SnapshotSweep& sweep, const SpineRows& spine) {
  const std::vector<int32_t> bounds = KeyRanges(events.offsets, questions.offsets, kRangesMax);
  std::vector<int64_t> winners(spine.rows, kNoRow);
  spine.run(kRangesMax, [&](int64_t range) {
    NewestRow newest(events, sweep);
    std::vector<int64_t> found;
    for (int32_t key = bounds[range]; key < bounds[range + 1]; ++key) {
      const int64_t begin = questions.offsets[key];
      const int64_t size = questions.offsets[key + 1] - begin;
      if (size == 0) continue;
      found.resize(size);
      newest.SweepKey(key, {questions.times.data() + begin, static_cast<size_t>(size)},
                      found.data());
      for (int64_t i = 0; i < size; ++i) winners[questions.rows[begin + i]] = found[i];
    }
  });
  return winners;
}

std::vector<int64_t> NewestRows(const SortedEvents& events, int32_t key, const SnapshotSweep& sweep,
                                std::span<const EventTime> times) {
  std::vector<int64_t> winners(times.size(), kNoRow);
  NewestRow(events, sweep).SweepKey(key, times, winners.data());
  return winners;
}

}  // namespace millrace::sweep
