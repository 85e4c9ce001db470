// ViewSweep: what is asked of one view (or label), and what it answers: cells of its stored
// features, one per question. ViewSweeper answers from sorted events in memory; stream_sweep.h
// feeds it from sorted streams.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/plan.h"
#include "sweep/questions.h"
#include "sweep/sorted_events.h"

namespace millrace::sweep {

struct ViewSweep {
  const features::View* view = nullptr;
  std::vector<int> features;  // stored features of the view, by index, ascending
  // Set for labels: the window is (t, t + length] and knowledge time plays no part.
  std::optional<base::Duration> label_length;
  bool ignore_created = false;
  bool event_times = false;  // of a snapshot view: the winning rows' times too

  // Whether a row counts from its knowledge time on.
  bool by_created(bool has_created) const {
    return has_created && !ignore_created && !label_length.has_value();
  }
};

// What a view had to say about a question. kFound: an event counts in the view's longest window (of
// a label: in its own), resp. a row stands; kExpired: the newest row is older than the ttl.
enum class Found : uint8_t { kNothing, kFound, kExpired };

// How near what was used came to the time of its question, at most: event time, resp. knowledge
// time, minus the question's time. Nothing: nothing was used, or knowledge time played no part.
struct Gaps {
  std::optional<base::Duration> event;
  std::optional<base::Duration> created;
  void AddEvent(base::Duration gap);
  void AddCreated(base::Duration gap);
  void Merge(const Gaps& other);
};

// One cell per question, in the order of Questions. Cells are as functions finalize them, resp. as
// rows hold them: errors are kept, defaults are not applied.
struct SweptRows {
  std::vector<columns::ColumnBuffer> cells;  // by ViewSweep::features
  std::vector<Found> found;
  columns::ColumnBuffer event_times{columns::Kind::kTimestamp};  // empty where not asked for
  Gaps gaps;
};

// One thread; its scratch is kept between calls.
class ViewSweeper {
 public:
  virtual ~ViewSweeper() = default;
  // REQUIRES: both over the same keys. Strings that have codes are shared with the events, others
  // copied.
  virtual SweptRows Run(const SortedEvents& events, const Questions& questions) = 0;
};

// For a windowed view or a label (window_sweep.cc), resp. a snapshot view (snapshot_sweep.cc).
std::unique_ptr<ViewSweeper> MakeViewSweeper(ViewSweep sweep);

}  // namespace millrace::sweep
