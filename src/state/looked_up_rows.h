// LookedUpRows: a snapshot view that other views look up: its rows in the store, and those of the
// update that is being made. Called by the updater.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "columns/event_batch.h"
#include "kv/store.h"
#include "state/binding.h"
#include "state/format/event_block.h"

namespace millrace::state {

class LookedUpRows {
 public:
  // before: the store as it was; nullptr: the table is new. REQUIRES: `before` outlives this.
  LookedUpRows(ViewBinding binding, const kv::Snapshot* before);

  void Add(std::string_view entity_key, const EventColumns& events, int64_t row);
  // Those in the store are now the ones of `before`, which outlives this.
  void Follow(const kv::Snapshot* before) { before_ = before; }
  // How many of the rows that were added came to count after `after` and until `until`.
  int64_t CountEntered(base::EventTime after, base::EventTime until) const;

  // What each row of the batch gains: a settled column per stored feature of the view, in their
  // order; null where no row stands at the event's time.
  base::Result<std::vector<columns::OwnedColumn>> LookUp(const features::Lookup& lookup,
                                                         const columns::EventBatch& batch) const;

 private:
  struct Asked;
  base::Status LoadHeads(std::vector<Asked>* asked, kv::Found* found) const;

  const ViewBinding binding_;
  const RowLayout layout_;
  const kv::Snapshot* before_;
  absl::flat_hash_map<std::string, EventBlock> added_;
};

}  // namespace millrace::state
