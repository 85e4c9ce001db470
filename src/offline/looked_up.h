// LookedUp: one lookup's answers for a batch of events: the snapshot rule with the events as its
// spine, each at the earlier of its event time and knowledge time.
#pragma once

#include <vector>

#include "columns/event_batch.h"
#include "features/plan.h"
#include "sweep/key_ids.h"
#include "sweep/sorted_events.h"

namespace millrace::offline {

class LookedUp {
 public:
  // REQUIRES: all of them outlive it.
  LookedUp(const features::FeaturePlan& plan, int view, const sweep::SortedEvents& rows);
  // Finds the winning row for every row of the batch.
  void Ask(const features::Lookup& lookup, const sweep::KeyIds& keys,
           const columns::EventBatch& batch);
  // One column per feature of the view, type kNull for derived ones. A lookup gives the row as it
  // is: null where there is no row or the cell is an error, and no defaults.
  std::vector<columns::OwnedColumn> Columns() const;

 private:
  const features::FeaturePlan& plan_;
  const int view_;
  const sweep::SortedEvents& rows_;
  std::vector<int64_t> winners_;
};

}  // namespace millrace::offline
