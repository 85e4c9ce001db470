// Table files: spines, outputs and data for people, by extension: .parquet, .csv, .arrow .feather
// .ipc (IPC file), .json .jsonl .ndjson (lines; read only). Whole tables in memory; sources are
// read by EventReader.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "columns/type.h"

namespace millrace::sources {

// The whole table. In CSV and JSON, a column named in `types` is read with that type, others by
// inference (docs/sources.md); an unquoted empty field is null, "" an empty string. Parquet and
// Arrow have the file's types. Errors: file_not_found, permission_denied, corrupt, bad_value (a
// cell or row of CSV or JSON, with its line), duplicate_name (CSV), usage (extension).
base::Result<std::shared_ptr<arrow::Table>> ReadTable(
    const std::string& path, const std::map<std::string, columns::Type>& types);

// The whole table through a TableWriter, in row groups of kRowGroupRows: the file appears whole or
// not at all. Floats are canonical. Errors: as TableWriter's.
base::Status WriteTable(const std::string& path, const arrow::Table& table);

}  // namespace millrace::sources
