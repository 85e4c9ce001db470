// CSV tables: whole, with inferred types in, with our text forms out. Called by table_file.
#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "columns/type.h"

namespace millrace::sources {

// As ReadTable. A column that `types` does not name is the first of these that all its cells are
// (docs/sources.md): bool, int64, uint64, float64, date, timestamp, string.
base::Result<std::shared_ptr<arrow::Table>> ReadCsv(
    const std::string& path, const std::map<std::string, columns::Type>& types);

// RFC 4180 with LF: a header, null as nothing, an empty string as "". Errors: type_mismatch; what
// the stream reports.
base::Status WriteCsv(const arrow::Table& table, arrow::io::OutputStream* out);

}  // namespace millrace::sources
