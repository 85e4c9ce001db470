// CSV tables, read whole, with inferred types. They are written by csv_sink. Called by table_file.
#pragma once

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

}  // namespace millrace::sources
