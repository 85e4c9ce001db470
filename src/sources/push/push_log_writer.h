// PushLogWriter: appends rows to one source's push log, for good: a row that was acknowledged
// survives the death of the process, and with Durability::kPower a loss of power. One per source
// and project folder, across processes. Called by push.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/time.h"
#include "features/plan.h"
#include "sources/push/push_log.h"

namespace millrace::sources {

enum class Durability {
  kProcess,  // what kill -9 cannot undo
  kPower,    // what a loss of power cannot undo: every Append waits for the disk
};

struct PushLogOptions {
  Durability durability = Durability::kProcess;
  int64_t segment_bytes_max = int64_t{64} << 20;  // a larger one is due to be compacted,
  base::Duration segment_age_max = base::Duration::Seconds(60);  // or one whose first row is older
  int files_max = 16;  // small Parquet files of one writer; more are merged
};

// Rows that came together, with what holds for all of them.
struct PushRows {
  std::shared_ptr<arrow::RecordBatch> rows;  // of PushLogWriter::schema(), in its order
  base::EventTime received;
  PushTo to = PushTo::kBoth;
  std::optional<std::string> request_id = {};
};

class PushLogWriter {
 public:
  // `push`: the folder of the project's push logs, which is made. Cuts off what a killed writer
  // left of a frame that was never acknowledged. Errors: conflict (another writer, here or in
  // another process: the message names its pid), corrupt (file and byte), bad_value (a column named
  // as one of the log's own), permission_denied, disk_full, io_error.
  static base::Result<std::unique_ptr<PushLogWriter>> Open(const std::string& push,
                                                           const features::Source& source,
                                                           const PushLogOptions& options);
  virtual ~PushLogWriter() = default;

  // The source's columns by their names, each as its type's Arrow type.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  virtual const std::string& writer() const = 0;
  // The row that the next Append begins with.
  virtual int64_t next_row() const = 0;

  // All rows of all batches, in order, under one write: the rows are in the log when it returns,
  // and none of them is when it fails. The row number of the first of them; batches without rows
  // are nothing. Floats are stored canonical. Not thread-safe. Errors: disk_full,
  // permission_denied, io_error, bad_value (over kFrameBytesMax at once), internal (columns of
  // other types).
  virtual base::Result<int64_t> Append(std::span<const PushRows> batches) = 0;

  // Rewrites what is in segments as Parquet if they are large or old enough; false: they are not.
  // To be called after Appends, when nobody waits: it takes as long as writing that file. An error
  // loses nothing, and the next call does what was left. Errors: as Append; corrupt.
  virtual base::Result<bool> CompactIfDue(base::EventTime now) = 0;
  // The same, due or not.
  virtual base::Status Compact() = 0;
};

}  // namespace millrace::sources
