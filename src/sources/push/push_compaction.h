// Compaction of one writer's log: segments become Parquet files, small Parquet files become larger
// ones, and what is covered is removed. Called by PushLogWriter alone, which holds the writer's
// lock. Whatever it is stopped at, the log has the same rows.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "sources/push/push_log.h"
#include "sources/push/push_segment.h"

namespace millrace::sources {

// Writes the segment's rows as Parquet beside it, which then covers it. REQUIRES: nobody appends to
// it any more, and it has rows.
base::Status CompactSegment(const std::string& folder,
                            const std::shared_ptr<const Segment>& segment);

// Puts the newest small Parquet files of the writer together if there are over `files_max` of under
// `bytes_max` bytes. Row groups are made anew.
struct MergeRule {
  int files_max = 0;
  int64_t bytes_max = 0;
};
base::Status MergeSmall(const std::string& folder, const std::string& writer,
                        const MergeRule& rule);

// Removes the writer's files that are covered, unless somebody reads the log.
base::Status RemoveCovered(const std::string& folder, const std::string& writer);

}  // namespace millrace::sources
