// LogContent: the files of a log as they are at one moment, held against removal, and known to have
// every row from the first to the last. Used inside sources/push alone.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sources/push/push_file.h"
#include "sources/push/push_log.h"
#include "sources/push/push_segment.h"

namespace millrace::sources {

struct ContentFile {
  LogFile file;
  RowRange rows;                           // that it has; at least one
  std::shared_ptr<const Segment> segment;  // nullptr: a Parquet file
};

struct LogContent {
  std::shared_ptr<FileLock> lock;  // nullptr: no writer was ever here
  std::vector<ContentFile> files;  // by writer, then by row
};

// The lock that readers share, so that nothing is removed under them.
std::string ReadersLockPath(const std::string& folder);

// All segments are read whole: they are small. Errors: corrupt (a damaged segment, one of another
// source or writer, rows that no file has), permission_denied, io_error.
base::Result<LogContent> OpenLog(const std::string& push, const std::string& source);

// Gives all rows of the file in order, with the writer's row of the first of each batch.
using BatchTaker = std::function<base::Status(const arrow::RecordBatch& rows, int64_t first_row)>;
base::Status ReadContent(const ContentFile& file, const BatchTaker& take);

// The columns of these names alone, the newest rows first: batches from the last to the first, the
// rows of each in order. A column that the file lacks is missing in them. `take`: false ends it.
using NewestTaker =
    std::function<base::Result<bool>(const arrow::RecordBatch& rows, int64_t first_row)>;
base::Status ReadNewestFirst(const ContentFile& file, const std::vector<std::string>& columns,
                             const NewestTaker& take);

// The columns that the file has.
base::Result<std::shared_ptr<arrow::Schema>> SchemaOf(const ContentFile& file);

}  // namespace millrace::sources
