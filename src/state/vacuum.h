// Vacuum: takes out of a store what no question can reach: tables that serve no view any more, what
// builds that failed have left, and what has ended of keys that nobody writes to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "kv/store.h"
#include "state/live_tables.h"

namespace millrace::state {

struct VacuumOptions {
  std::string project;
  base::EventTime now;  // the wall clock's
};

struct VacuumReport {
  int64_t commit = 0;  // the last one's number; that of the one before when nothing changed
  bool changed = false;
  int tables_removed = 0;
  int64_t keys = 0;          // that were looked at
  int64_t keys_changed = 0;  // that have less now
  int64_t keys_removed = 0;  // of windowed views: nothing was left of them
};

// `views`: all that are asked for, `build` unset. In many commits, each of which leaves a whole
// store; what a run that failed has not done, the next one does. Errors: conflict (another
// project's store), corrupt, store_fenced (somebody else wrote meanwhile), the store's. REQUIRES:
// the views' plans outlive the call; no transaction of this thread is open.
base::Result<VacuumReport> Vacuum(kv::Store* store, const std::vector<LiveView>& views,
                                  const VacuumOptions& options);

}  // namespace millrace::state
