// Reads push logs: the rows of all writers of one source as an EventReader, and their tags for
// proofs. Beside a writer and its compaction: what is read is the log as it was when it was opened.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "features/plan.h"
#include "sources/event_reader.h"
#include "sources/push/push_log.h"

namespace millrace::sources {

// Which rows of a log.
struct PushSelection {
  // Rows whose `to` shares a bit with it; the others are counted as one-sided.
  PushTo to = PushTo::kOffline;
  std::map<std::string, RowRange> writers = {};  // of these writers the rows of the range alone,
  bool others = true;                            // of all others all rows, or none
  bool tagged = true;  // false: Files() gives no tags, and nothing is read but what is asked for
};

// Rows come as batches whose origin is "push:WRITER" and whose rows are the writer's row numbers, a
// part per row group or segment, never pruned by time. Columns are found by the user's names; one
// that rows were pushed without is null in them. A null knowledge time, where the source declares
// one, is the time of receipt; all else is rejected as in files. A log without rows has no parts.
// Files(): one InputFile per writer that has rows in the selection, its path ShowWriterRows of
// them, its bytes and tag those of TagPushedRows. `push`: as PushLogWriter::Open. Errors: corrupt
// (names file and byte, or the rows that are missing), type_mismatch (a column that was pushed as a
// type that cannot be read as its own), permission_denied, io_error.
base::Result<std::unique_ptr<EventReader>> OpenPushLog(const features::Source& source,
                                                       const std::string& push,
                                                       const ReadOptions& options,
                                                       const PushSelection& selection);

// By writer: the rows of the selection (of any `to`), the bytes of their canonical form and its
// tag, which depend on the rows alone, not on the files that they lie in
// (docs/formats/push_log.md). Errors: as OpenPushLog.
base::Result<std::vector<InputFile>> TagPushedRows(const std::string& push,
                                                   const std::string& source,
                                                   const PushSelection& selection);

}  // namespace millrace::sources
