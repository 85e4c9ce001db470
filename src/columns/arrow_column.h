// Between Arrow arrays and Columns. Lossless changes of layout only: parsing text and judging bad
// rows is the work of sources.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "columns/column.h"

namespace millrace::columns {

// The array as a column of `type`. Accepted: the Arrow type of `type` itself; narrower integers and
// float32 for wider ones; utf8/large_utf8/dictionary of them/binary; timestamps of any unit and
// zone (nanoseconds are floored, seconds that overflow are kBadCast cells); date32/date64; lists of
// any offset width. Anything else is type_mismatch, naming both types. Keeps `array` alive.
base::Result<OwnedColumn> FromArrow(std::shared_ptr<arrow::Array> array, const Type& type);
base::Result<OwnedColumn> FromArrow(const arrow::ChunkedArray& array, const Type& type);

// Whether no two values of a dictionary are equal.
enum class Distinct { kUnknown, kYes };

// The rows of a dictionary array whose values are `dictionary` as a column: a row's cell is its
// value's, strings are views of the dictionary's. Strings get codes where the values are valid and
// distinct. Keeps both alive. Error: corrupt, an index outside of the dictionary.
base::Result<OwnedColumn> FromDictionary(const arrow::DictionaryArray& array,
                                         OwnedColumn dictionary, Distinct distinct);

// The column as an Arrow array of type.ToArrow(). Cells that are not kValid become null; floats are
// canonical (NaN, zero), inside lists too.  float32 columns are rounded to nearest.
base::Result<std::shared_ptr<arrow::Array>> ToArrow(const Column& column);

}  // namespace millrace::columns
