// LogUpdate: brings the tables of an online store up to the push logs of their sources, under one
// commit: what was just pushed, and what a process that died had left in a log. Called by push.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/update/served_plans.h"
#include "sources/push/push_log.h"
#include "state/updater.h"

namespace millrace::jobs {

// What an update is of, and with. All that is pointed at outlives it.
struct LogUpdateOf {
  kv::Store* store = nullptr;
  ServedPlans* plans = nullptr;
  const base::Clock* clock = nullptr;
  std::string project;
  std::string push;    // SourceFolders::push
  std::string source;  // its name
  std::string folder;  // the project's: where rows wait that do not fit in memory, but for TMPDIR
};

struct LogUpdateReport {
  state::UpdateReport store;
  columns::RejectedRows rejected;    // by sources and views
  std::vector<std::string> waiting;  // views of the source that no rows come to: not materialized
};

// Gives the views of the source, and those that they look up, the rows of the logs that they lack,
// of every writer. Views of sources whose log is all there is are built. `pushed`: the rows that a
// writer has in the log of the source; then nobody else's are looked for, unless a view is built.
// An update that another process came before is tried again, for some seconds. Errors: store_fenced
// (by then), corrupt, the store's, the log's; then nothing was changed.
base::Result<LogUpdateReport> UpdateFromLogs(const LogUpdateOf& of,
                                             const std::optional<sources::WriterRows>& pushed);

}  // namespace millrace::jobs
