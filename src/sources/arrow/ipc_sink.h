// An Arrow IPC file as a BatchSink: each batch a record batch. Called by TableWriter.
#pragma once

#include "sources/batch_sink.h"

namespace millrace::sources {

// A column of codes may come with other dictionaries from batch to batch: the file has one, which
// grows. Errors: what the stream reports, and a dictionary that outgrows its codes.
OpenedSink OpenIpcSink(const std::shared_ptr<arrow::Schema>& schema,
                       const std::shared_ptr<arrow::io::OutputStream>& out);

}  // namespace millrace::sources
