// Coerce: a column of a caller's table as a type of ours, where that loses nothing: keys, request
// fields and times of a spine.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <vector>

#include "base/status.h"
#include "columns/column.h"

namespace millrace::offline {

// Integers of any width that fit, whole floats for integers, numbers for texts and back where the
// text is the one that we would write. Error: bad_spine, naming column, first row that does not
// fit, its value and what was expected.
base::Result<columns::OwnedColumn> CoerceColumn(const arrow::ChunkedArray& array,
                                                const std::string& name, const columns::Type& type);

// Timestamps of any unit and zone, dates, or ISO-8601 text as microseconds; null stays null. Error:
// bad_spine.
base::Result<columns::OwnedColumn> CoerceTimes(const arrow::ChunkedArray& array,
                                               const std::string& name);

}  // namespace millrace::offline
