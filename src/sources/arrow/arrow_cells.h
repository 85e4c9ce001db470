// ArrowCells: an Arrow array as a column of a declared type, cell by cell where the layouts do not
// agree (columns/arrow_column.h does what is only layout). What does not read as the type is an
// error cell.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "columns/arrow_column.h"
#include "columns/column.h"
#include "features/plan.h"

namespace millrace::sources {

// Whether a column of the Arrow type can hold cells of ours at all (docs/sources.md has the table).
// Error: type_mismatch with both types; the caller names column and file.
base::Status CheckReadable(const arrow::DataType& from, const columns::Type& type,
                           features::TimestampUnit unit);

// One cell per row: valid, null, kBadCast or kVectorLength. `distinct`: the values of a dictionary
// array's dictionary, if it is one. Keeps `array` alive. Errors: as CheckReadable; corrupt, a
// dictionary array with indices outside of its dictionary.
base::Result<columns::OwnedColumn> ReadArray(
    std::shared_ptr<arrow::Array> array, const columns::Type& type, features::TimestampUnit unit,
    columns::Distinct distinct = columns::Distinct::kUnknown);

}  // namespace millrace::sources
