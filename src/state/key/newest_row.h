// NewestRows: which row of a key of a snapshot view stands at an instant, among rows that are in
// memory. Shared by lookups and online reads.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "state/binding.h"
#include "state/format/event_block.h"
#include "state/key/stored_key.h"

namespace millrace::state {

class NewestRows {
 public:
  static constexpr int64_t kNone = -1;

  // REQUIRES: `binding` is of a snapshot view.
  explicit NewestRows(const ViewBinding& binding);

  // All rows that can be the newest at `from` or later, up to `to`.
  base::Status Load(const StoredKey& key, base::EventTime from, base::EventTime to);
  // Rows that are not in the store yet.
  void Add(const EventColumns& events, int64_t row);
  void Clear();

  // The newest row that is dated and known at `t` (whatever the ttl), or kNone. Not after a change
  // that is not followed by Prepare.
  int64_t At(base::EventTime t) const;
  void Prepare();
  const EventColumns& rows() const { return view_; }

 private:
  bool Newer(int64_t a, int64_t b) const;

  std::vector<int> tie_columns_;  // of the table, in byte order of the features' names
  EventBlock block_;
  EventColumns view_;
  std::vector<int64_t> order_;
};

}  // namespace millrace::state
