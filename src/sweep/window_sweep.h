// WindowSweeper: the windowed features of a view, or a label, for every question: one walk per key
// and group of features that read the same rows.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "aggregate/aggregate.h"
#include "aggregate/shared_slide.h"
#include "columns/column.h"
#include "sweep/key_walk.h"
#include "sweep/view_sweep.h"
#include "window/window.h"

namespace millrace::sweep {

class WindowSweeper final : public ViewSweeper {
 public:
  explicit WindowSweeper(ViewSweep sweep);
  SweptRows Run(const SortedEvents& events, const Questions& questions) override;

 private:
  // A slide and the features that it answers, which have one input.
  struct Slides {
    int input;
    std::unique_ptr<aggregate::SharedSlide> slide;
    std::vector<size_t> features;  // indices into ViewSweep::features
  };
  // Features that read the same rows: one walk serves them all.
  struct Group {
    window::Window window;
    int filter;
    std::vector<size_t> features;  // indices into ViewSweep::features
    bool counts = false;           // its rows are those of the longest window, none left out
    std::vector<Slides> slides;
  };

  void GroupFeatures();
  void MakeSlides(Group* group) const;
  void SweepKey(std::span<const base::EventTime> questions, int64_t first, SweptRows* swept);
  aggregate::Walk WalkOf(const Group& group);
  aggregate::Input InputOf(int input) const;

  const ViewSweep sweep_;
  std::vector<Group> groups_;
  KeyWalk walk_;
  std::vector<columns::ColumnBuffer*> outs_;
  const SortedEvents* events_ = nullptr;
  columns::Column no_input_;
};

}  // namespace millrace::sweep
