// SnapshotRead: the newest row of a snapshot view for one key after another. Called by
// FeatureReader; one thread.
#pragma once

#include <vector>

#include "online/view_cells.h"
#include "state/key/newest_row.h"

namespace millrace::online {

class SnapshotRead {
 public:
  // `features`: those of the view that are asked for (ViewCells::features). REQUIRES: `binding`
  // outlives this.
  SnapshotRead(const state::ViewBinding& binding, const std::vector<int>& features);
  // Appends one row; key: nullptr when the store does not know it. Errors: corrupt, the store's.
  base::Status Read(const state::StoredKey* key, base::EventTime as_of, ViewCells* out);

 private:
  // Of a key that has one row and no more: the usual one, which needs no comparing.
  base::Status ReadOnlyRow(const state::KeyHead& head, base::EventTime as_of, ViewCells* out);
  base::Status ReadNewest(const state::StoredKey& key, base::EventTime as_of, ViewCells* out);
  // Whether a row is young enough; if not, it says how old it is.
  bool Stands(base::EventTime time, base::EventTime as_of, ViewCells* out) const;

  const state::ViewBinding& binding_;
  std::vector<std::vector<int>> cells_of_;  // by Table::columns: indices into ViewCells::cells
  state::NewestRows rows_;
};

}  // namespace millrace::online
