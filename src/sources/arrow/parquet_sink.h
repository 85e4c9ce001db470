// Parquet as a BatchSink: each batch a row group, its columns encoded in parallel on Arrow's pool.
// The bytes do not depend on how many threads that has. Called by TableWriter.
#pragma once

#include "sources/batch_sink.h"

namespace millrace::sources {

// Snappy, statistics, and by each column's type the encoding that docs/sources.md names. Errors:
// what Parquet says of a type that it cannot hold, and of the stream.
OpenedSink OpenParquetSink(const std::shared_ptr<arrow::Schema>& schema,
                           const std::shared_ptr<arrow::io::OutputStream>& out);

}  // namespace millrace::sources
