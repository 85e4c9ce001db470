#include "sweep/window_sweep.h"

#include <algorithm>
#include <map>
#include <utility>

namespace millrace::sweep {

using base::EventTime;
using features::Feature;

WindowSweeper::WindowSweeper(ViewSweep sweep) : sweep_(std::move(sweep)) {
  GroupFeatures();
  for (Group& group : groups_) MakeSlides(&group);
}

void WindowSweeper::GroupFeatures() {
  for (size_t i = 0; i < sweep_.features.size(); ++i) {
    const Feature& feature = sweep_.view->features[sweep_.features[i]];
    const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) {
      return group.filter == feature.filter && group.window == feature.window;
    });
    if (found != groups_.end()) {
      found->features.push_back(i);
    } else {
      groups_.push_back({feature.window, feature.filter, {i}, false, {}});
    }
  }
  // What counts at all is known from the longest window without a filter.
  const window::Window longest = sweep_.view->LongestWindow();
  const auto all = std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) {
    return group.filter < 0 && (group.window == longest || sweep_.label_length.has_value());
  });
  if (all != groups_.end()) {
    all->counts = true;
  } else {
    groups_.push_back({longest, -1, {}, true, {}});
  }
}

void WindowSweeper::MakeSlides(Group* group) const {
  std::map<int, std::vector<size_t>> by_input;
  for (const size_t i : group->features) {
    by_input[sweep_.view->features[sweep_.features[i]].input].push_back(i);
  }
  for (const auto& [input, features] : by_input) {
    std::vector<const aggregate::Aggregate*> aggregates;
    for (const size_t i : features) {
      aggregates.push_back(sweep_.view->features[sweep_.features[i]].aggregate.get());
    }
    for (aggregate::SlideShare& share : aggregate::ShareSlides(aggregates)) {
      Slides slides{input, std::move(share.slide), {}};
      for (const size_t member : share.members) slides.features.push_back(features[member]);
      group->slides.push_back(std::move(slides));
    }
  }
}

SweptRows WindowSweeper::Run(const SortedEvents& events, const Questions& questions) {
  events_ = &events;
  no_input_.size = events.size();
  walk_.SetEvents(events, sweep_.by_created(events.has_created()));
  SweptRows swept;
  for (const int index : sweep_.features) {
    swept.cells.emplace_back(sweep_.view->features[index].aggregate->result_type());
    swept.cells.back().Reserve(questions.size());
  }
  swept.found.resize(questions.size());
  for (int32_t key = 0; key < events.keys(); ++key) {
    const int64_t first = questions.offsets[key];
    const int64_t size = questions.offsets[key + 1] - first;
    if (size == 0) continue;
    const std::span<const EventTime> times(questions.times.data() + first,
                                           static_cast<size_t>(size));
    walk_.SetKey(key, times);
    SweepKey(times, first, &swept);
  }
  return swept;
}

void WindowSweeper::SweepKey(std::span<const EventTime> questions, int64_t first,
                             SweptRows* swept) {
  for (const Group& group : groups_) {
    const aggregate::Walk walk = WalkOf(group);
    if (group.counts) {
      if (!sweep_.label_length.has_value()) walk_.AddGaps(&swept->gaps);
      for (size_t q = 0; q < questions.size(); ++q) {
        const bool found = walk.steps[q].entered > walk.steps[q].left;
        swept->found[first + q] = found ? Found::kFound : Found::kNothing;
      }
    }
    for (const Slides& slides : group.slides) {
      outs_.clear();
      for (const size_t i : slides.features) outs_.push_back(&swept->cells[i]);
      slides.slide->Run(InputOf(slides.input), walk, outs_);
    }
  }
}

aggregate::Walk WindowSweeper::WalkOf(const Group& group) {
  const uint8_t* filter = group.filter < 0 ? nullptr : events_->filters[group.filter].data();
  if (sweep_.label_length.has_value()) return walk_.Future(*sweep_.label_length, filter);
  return walk_.Past(group.window, sweep_.view->resolution, filter);
}

aggregate::Input WindowSweeper::InputOf(int input) const {
  return {input < 0 ? no_input_ : events_->inputs[input], events_->times.data(),
          events_->has_created() ? events_->created.data() : nullptr};
}

}  // namespace millrace::sweep
