// TableWriter: an output file written batch by batch; there whole after Commit, or not at all. A
// batch is encoded while the caller makes the next one. Called for outputs that are made in chunks;
// WriteTable (table_file.h) writes a whole table with it.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace millrace::sources {

// What callers should give at a time: rows of one Parquet row group, and of one IPC batch.
inline constexpr int64_t kRowGroupRows = 100'000;

// What encodes Parquet: Arrow's pool, or one thread, whose priority is that of the caller, for who
// writes beside what must not wait.
enum class Encoders { kPool, kOneThread };

class TableWriter {
 public:
  // By extension, as table_file.h has them. Creates a hidden file beside `path`; a path on S3 is an
  // upload. Errors: file_not_found (the folder), permission_denied, disk_full, io_error, usage
  // (extension, a folder is there), type_mismatch (a column that CSV cannot hold).
  static base::Result<std::unique_ptr<TableWriter>> Open(const std::string& path,
                                                         std::shared_ptr<arrow::Schema> schema,
                                                         Encoders encoders = Encoders::kPool);
  // Without Commit, removes what was written. Waits for the last batch.
  virtual ~TableWriter() = default;

  // Appends the rows, in order. Floats are made canonical. Each batch becomes row groups of its
  // own, of at most kRowGroupRows. Returns when the batch before is written; holds this one's
  // buffers, which must not change, until then. An error may be that of an earlier batch, and stays
  // for every call that follows. Columns are matched by position. Errors: permission_denied,
  // disk_full, io_error, internal (columns of other types than the schema's). Not thread-safe.
  virtual base::Status Write(const arrow::RecordBatch& batch) = 0;
  // Makes the file durable, then visible. REQUIRES: called once, and last. Errors: as Write; what
  // was at `path` is then as it was.
  virtual base::Status Commit() = 0;
};

}  // namespace millrace::sources
