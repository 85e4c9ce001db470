// The nested part of ArrowCells: lists and maps whose values are converted cell by cell. Called by
// ReadArray (arrow_cells.h) alone, which has chosen the way.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "columns/column.h"
#include "features/plan.h"

namespace millrace::sources {

// A list of any offset width or fixed size as list or vector. A cell with a bad element is bad.
base::Result<columns::OwnedColumn> ReadListArray(std::shared_ptr<arrow::Array> array,
                                                 const columns::Type& type,
                                                 features::TimestampUnit unit);
// Entries in order of their keys; two entries of one key make a bad cell.
base::Result<columns::OwnedColumn> ReadMapArray(const arrow::Array& array,
                                                const columns::Type& type,
                                                features::TimestampUnit unit);

}  // namespace millrace::sources
