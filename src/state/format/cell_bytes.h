// The bytes of one cell of a stored row (docs/formats/store.md): what it holds, then its value by
// type. Between columns and bytes without a Value in between. Called by rows and chunks.
#pragma once

#include <string>

#include "base/bytes.h"
#include "columns/column.h"

namespace millrace::state {

// Errors keep their code, so that an answer can count them.
void AppendCell(const columns::Column& column, int64_t row, base::ByteWriter* out);

// Appends the cell to `out`, of the type that was written. Error: corrupt.
base::Status DecodeCell(base::ByteReader* in, columns::ColumnBuffer* out);
// Passes over a cell of that type. Error: corrupt, where its end is not to be found.
base::Status SkipCell(base::ByteReader* in, const columns::Type& type);

}  // namespace millrace::state
