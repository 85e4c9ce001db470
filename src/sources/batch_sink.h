// BatchSink: what a format makes of batches of rows: bytes on a stream. Made and called by
// TableWriter alone, from one thread at a time. Parquet's may throw std::exception.
#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/type_fwd.h>

#include <memory>

#include "base/status.h"

namespace millrace::sources {

class BatchSink {
 public:
  virtual ~BatchSink() = default;
  // REQUIRES: at least one row, at most kRowGroupRows; the schema that the sink was opened with.
  virtual base::Status Write(const arrow::RecordBatch& batch) = 0;
  // What the format puts at the end. Nothing is written after it.
  virtual base::Status Close() = 0;
};

using OpenedSink = base::Result<std::unique_ptr<BatchSink>>;

}  // namespace millrace::sources
