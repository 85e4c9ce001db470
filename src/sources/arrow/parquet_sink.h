// Parquet as a BatchSink: each batch a row group, its columns encoded in parallel on Arrow's pool
// or by the thread that writes. The bytes do not depend on it. Called by TableWriter.
#pragma once

#include "sources/batch_sink.h"

namespace millrace::sources {

// Snappy, statistics, and by each column's type the encoding that docs/sources.md names. Errors:
// what Parquet says of a type that it cannot hold, and of the stream.
OpenedSink OpenParquetSink(const std::shared_ptr<arrow::Schema>& schema,
                           const std::shared_ptr<arrow::io::OutputStream>& out, bool in_parallel);

}  // namespace millrace::sources
