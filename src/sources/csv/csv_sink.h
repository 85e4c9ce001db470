// CSV as a BatchSink: RFC 4180 with LF, a header, null as nothing, an empty string as "", lists,
// maps and vectors as JSON text. Called by TableWriter.
#pragma once

#include "sources/batch_sink.h"

namespace millrace::sources {

// Writes the header. Errors: type_mismatch (a column that CSV cannot hold); what the stream
// reports.
OpenedSink OpenCsvSink(const std::shared_ptr<arrow::Schema>& schema,
                       const std::shared_ptr<arrow::io::OutputStream>& out);

}  // namespace millrace::sources
