// RowSelection: some rows of a column, in order, as a column. Called by EventReader when rows are
// rejected.
#pragma once

#include <cstdint>
#include <vector>

#include "columns/column.h"

namespace millrace::sources {

// REQUIRES: rows in [0, column.view.size). Strings are not copied: the column's memory is kept
// alive.
columns::OwnedColumn SelectRows(columns::OwnedColumn column, const std::vector<int64_t>& rows);

}  // namespace millrace::sources
