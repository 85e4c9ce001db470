// Keys are independent: ranges of them are swept as tasks, each with its own Slides, and the pieces
// are scattered into the spine's order.
#include "sweep/window_sweep.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "sweep/gather.h"
#include "sweep/key_walk.h"

namespace millrace::sweep {

using base::EventTime;
using columns::ColumnBuffer;
using features::Feature;

namespace {

constexpr int32_t kRangesMax = 64;

// Features that read the same rows: one walk serves them all.
struct Group {
  window::Window window;
  int filter;
  std::vector<size_t> features;  // indices into WindowSweep::features
};

std::vector<Group> GroupFeatures(const WindowSweep& sweep) {
  std::vector<Group> groups;
  for (size_t i = 0; i < sweep.features.size(); ++i) {
    const Feature& feature = sweep.view->features[sweep.features[i]];
    const auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return group.filter == feature.filter && group.window == feature.window;
    });
    if (found != groups.end()) {
      found->features.push_back(i);
    } else {
      groups.push_back({feature.window, feature.filter, {i}});
    }
  }
  return groups;
}

// Everything one task needs: a walk, a Slide and a growing column per feature.
class RangeSweep {
 public:
  RangeSweep(const SortedEvents& events, const WindowSweep& sweep, const std::vector<Group>& groups)
      : events_(events), sweep_(sweep), groups_(groups), walk_(events, sweep.ignore_created) {
    no_input_.size = events.size();
    for (const int index : sweep.features) {
      const Feature& feature = sweep.view->features[index];
      slides_.push_back(feature.aggregate->NewSlide());
      cells_.emplace_back(feature.aggregate->result_type());
    }
  }

  void SweepKey(int32_t key, std::span<const EventTime> questions) {
    walk_.SetKey(key, questions);
    for (const Group& group : groups_) {
      const aggregate::Walk walk = WalkOf(group.window, FilterOf(group.filter));
      for (const size_t i : group.features) {
        const Feature& feature = sweep_.view->features[sweep_.features[i]];
        slides_[i]->Run(InputOf(feature.input), walk, &cells_[i]);
      }
    }
  }

  // How many events count at each question, appended as 0 or 1.
  void AppendCounts(int32_t key, std::span<const EventTime> questions, uint8_t* counts) {
    walk_.SetKey(key, questions);
    const aggregate::Walk walk = WalkOf(sweep_.view->LongestWindow(), nullptr);
    for (size_t q = 0; q < questions.size(); ++q) {
      counts[q] = walk.steps[q].entered > walk.steps[q].left ? 1 : 0;
    }
  }

  std::vector<ColumnBuffer> TakeCells() { return std::move(cells_); }

 private:
  aggregate::Walk WalkOf(const window::Window& window, const uint8_t* filter) {
    if (sweep_.label_length.has_value()) return walk_.Future(*sweep_.label_length, filter);
    return walk_.Past(window, sweep_.view->resolution, filter);
  }
  const uint8_t* FilterOf(int filter) const {
    return filter < 0 ? nullptr : events_.filters[filter].data();
  }
  aggregate::Input InputOf(int input) const {
    return {input < 0 ? no_input_ : events_.inputs[input], events_.times.data(),
            events_.has_created() ? events_.created.data() : nullptr};
  }

  const SortedEvents& events_;
  const WindowSweep& sweep_;
  const std::vector<Group>& groups_;
  KeyWalk walk_;
  columns::Column no_input_;
  std::vector<std::unique_ptr<aggregate::Slide>> slides_;
  std::vector<ColumnBuffer> cells_;
};

}  // namespace

WindowAnswers SweepWindows(const SortedEvents& events, const Questions& questions,
                           const WindowSweep& sweep, const SpineRows& spine) {
  const std::vector<Group> groups = GroupFeatures(sweep);
  const std::vector<int32_t> bounds = KeyRanges(events.offsets, questions.offsets, kRangesMax);
  std::vector<Scattered> scattered;
  for (const int index : sweep.features) {
    const columns::Type& type = sweep.view->features[index].aggregate->result_type();
    scattered.emplace_back(type, spine.rows, kRangesMax);
  }
  WindowAnswers answers;
  answers.counts.resize(spine.rows);
  spine.run(kRangesMax, [&](int64_t range) {
    const int64_t first = questions.offsets[bounds[range]];
    const int64_t last = questions.offsets[bounds[range + 1]];
    RangeSweep swept(events, sweep, groups);
    std::vector<uint8_t> counts(last - first);
    for (int32_t key = bounds[range]; key < bounds[range + 1]; ++key) {
      const int64_t begin = questions.offsets[key];
      const int64_t size = questions.offsets[key + 1] - begin;
      if (size == 0) continue;
      const std::span<const EventTime> times(questions.times.data() + begin, size);
      swept.SweepKey(key, times);
      swept.AppendCounts(key, times, counts.data() + (begin - first));
    }
    const std::span<const int64_t> rows(questions.rows.data() + first, last - first);
    std::vector<ColumnBuffer> cells = swept.TakeCells();
    for (size_t i = 0; i < cells.size(); ++i) scattered[i].Add(range, std::move(cells[i]), rows);
    for (size_t i = 0; i < rows.size(); ++i) answers.counts[rows[i]] = counts[i];
  });
  for (Scattered& column : scattered) answers.cells.push_back(std::move(column).Finish());
  return answers;
}

std::vector<uint8_t> CountsAtTimes(const SortedEvents& events, int32_t key,
                                   const WindowSweep& sweep, std::span<const EventTime> times) {
  const std::vector<Group> no_groups;
  std::vector<uint8_t> counts(times.size());
  WindowSweep presence = sweep;
  presence.features.clear();
  RangeSweep(events, presence, no_groups).AppendCounts(key, times, counts.data());
  return counts;
}

}  // namespace millrace::sweep
