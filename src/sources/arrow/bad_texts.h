// KeepBadTexts: what stood in an Arrow array's bad cells, for the messages that show them. Called
// by those who read times from arrays.
#pragma once

#include <arrow/type_fwd.h>

#include "columns/column.h"
#include "sources/file_rows.h"

namespace millrace::sources {

// Adds the texts of the first few error cells of `column`, which is `array` read; `index` is its
// place in rows->columns.
void KeepBadTexts(const arrow::Array& array, const columns::Column& column, size_t index,
                  RowBatch* rows);

}  // namespace millrace::sources
