// SnapshotRead: the newest row of a snapshot view for one key after another. Called by
// FeatureReader; one thread.
#pragma once

#include <vector>

#include "online/view_cells.h"
#include "state/newest_row.h"

namespace millrace::online {

class SnapshotRead {
 public:
  // REQUIRES: `binding` outlives this.
  explicit SnapshotRead(const state::ViewBinding& binding);
  // Appends one row; key: nullptr when the store does not know it. Errors: corrupt, the store's.
  base::Status Read(const state::StoredKey* key, base::EventTime as_of, ViewCells* out);

 private:
  const state::ViewBinding& binding_;
  state::NewestRows rows_;
};

}  // namespace millrace::online
