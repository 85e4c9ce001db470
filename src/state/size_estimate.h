// SizeEstimate: what a table would take in a store, from a sample of its source's rows: typical
// keys are written as they would be, and counted. Called by jobs for `plan`.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "features/view_rows.h"
#include "kv/store.h"
#include "state/key/key_writer.h"
#include "state/live_tables.h"

namespace millrace::state {

struct SizeEstimate {
  int64_t events = 0;  // that would be kept, or hidden by newer rows of a snapshot view
  int64_t keys = 0;
  int64_t bytes = 0;
};

// Bytes that a row takes in the store.
using RowCost = std::function<double(const kv::Row& row)>;

class SizeSample {
 public:
  // REQUIRES: `live` outlives this, and is for a new table.
  SizeSample(const LiveTable& live, base::EventTime now, RowCost cost);

  // Rows that lie side by side in the source. One call a stretch: keys that lie side by side too
  // are told by it from keys that come again. `events`: of the whole batch, as Table::columns.
  void Add(const features::ViewRows& rows, const EventColumns& events);

  // share: of the source's rows that were added or looked at, in (0, 1]. Errors: none but defects.
  base::Result<SizeEstimate> Estimate(double share) const;

 private:
  struct Key {
    std::string bytes;
    std::vector<int64_t> rows;  // of events_
    int64_t stretch = -1;       // the last one that it was in
    int64_t stretches = 0;      // how many it was in
  };
  // A key as it would be when all rows are there, and how many are like it.
  struct Typical {
    const Key* key = nullptr;
    double rows = 0;
    double keys = 0;
  };

  std::vector<Typical> Typicals(double share) const;
  double UnseenKeys(double share) const;
  base::Result<double> BytesOf(std::span<const Typical> alike) const;
  double WrittenRowsMax() const;
  base::Result<double> WriteKey(const Typical& typical) const;
  EventBlock RowsOf(const Typical& typical, int64_t count) const;

  const LiveTable& live_;
  KeptTimes kept_;
  const RowCost cost_;
  EventBlock events_;
  absl::flat_hash_map<std::string, size_t> numbers_;
  std::vector<Key> keys_;
  int64_t stretches_ = 0;
};

}  // namespace millrace::state
