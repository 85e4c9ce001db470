// TableWork: what an update has for one of its tables before it commits: places, offsets, who looks
// the table up. Called by the updater, which has the rows.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/view_rows.h"
#include "kv/store.h"
#include "state/format/description.h"
#include "state/key/key_writer.h"
#include "state/live_tables.h"
#include "state/looked_up_rows.h"

namespace millrace::state {

struct TableWork {
  LiveTable* live = nullptr;
  KeptTimes kept;
  std::vector<features::ViewProjector> projectors;  // by LiveTable::views
  std::vector<LookedUpRows*> feeds;                 // lookups that see its rows
  std::set<const LiveTable*> looked_up_by;
  // The latest instant at which events of these did so, when the store was last read.
  base::EventTime looked_up_until = base::EventTime::Min();
  bool changed = false;
  std::vector<FilePlace> files;
  std::map<std::string, int64_t, std::less<>> offsets;
  std::map<std::string, int64_t> found;      // what these were in the store
  std::vector<columns::ColumnBuffer> nulls;  // of columns that no live view computes

  void SetNow(base::EventTime now);
  // The next row of an origin: as set here, else as `before` says.
  base::Result<int64_t> Offset(std::string_view origin, const kv::Snapshot& before);
  // Whether somebody else applied to the table what was given to it here, or took it away.
  base::Result<bool> IsLost(const kv::Snapshot& now, bool beside_others) const;
  void FindLookedUpUntil();
  // How many of the rows that were given here come after events that looked further: others'
  // events, who committed `catalog`.
  int64_t CountBehind(const Catalog& catalog) const;
  // What was applied, and that the table is no longer being built.
  base::Status PutPlaces(kv::Transaction* transaction) const;
  // A column that nobody computes any more is null from now on.
  void FillNulls(int64_t size, EventColumns* events);
};

}  // namespace millrace::state
