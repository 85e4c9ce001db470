// FindUnreadRows: which rows of a source's push log an update has still to read. Called by
// materialize and log_update.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sources/push/push_log.h"
#include "state/updater.h"

namespace millrace::jobs {

// The rows that each writer has in the log now. `push`: SourceFolders::push. Errors: as
// sources::OpenPushLog.
base::Result<std::vector<sources::WriterRows>> ListLogRows(const std::string& push,
                                                           const std::string& source);

struct UnreadRows {
  std::map<std::string, sources::RowRange> rows;  // by writer
  std::vector<int> tables;                        // that lack these: indices into live().tables
};

// Of the rows `there`, for `tables`, all of the source. Tables that lack the same ones have them
// together. Errors: the store's.
base::Result<std::vector<UnreadRows>> FindUnreadRows(const std::vector<sources::WriterRows>& there,
                                                     const std::vector<int>& tables,
                                                     state::Updater* updater);

}  // namespace millrace::jobs
