// Catalogue: all rows of a view that other views look up, with all their keys, in memory.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "columns/event_batch.h"
#include "features/plan.h"
#include "features/view_rows.h"
#include "offline/key_space.h"
#include "offline/rows/pick_rows.h"
#include "sweep/sorted_events.h"

namespace millrace::offline {

class Catalogue {
 public:
  // `view`: index into the plan's views. REQUIRES: `plan` outlives it.
  Catalogue(const features::FeaturePlan& plan, int view);

  // From any thread; `part` says where in the source the batch is.
  void Add(const columns::EventBatch& batch, const features::ViewRows& rows, int64_t part);
  // Once, after the last Add.
  void Sort();

  int view() const { return view_; }
  bool is_sorted() const { return sorted_.has_value(); }
  const sweep::SortedEvents& sorted() const { return *sorted_; }
  const sweep::KeyIds& keys() const { return keys_.ids; }

 private:
  const features::FeaturePlan& plan_;
  const int view_;
  KeySpace keys_;
  ViewCodes codes_;
  std::mutex mutex_;
  std::vector<std::pair<int64_t, PickedRows>> rows_;  // by part
  std::optional<sweep::SortedEvents> sorted_;
};

}  // namespace millrace::offline
