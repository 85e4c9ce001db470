// JSON-lines tables: whole, with inferred types. Called by table_file.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "columns/type.h"

namespace millrace::sources {

// As ReadTable. The columns are the fields of all lines, in the order of their first appearance. A
// field that `types` does not name is bool, int64, float64, string or a list of one of them; null
// everywhere: string; anything else, or a mixture, is type_mismatch.
base::Result<std::shared_ptr<arrow::Table>> ReadJson(
    const std::string& path, const std::map<std::string, columns::Type>& types);

}  // namespace millrace::sources
