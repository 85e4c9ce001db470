// Gather: picks cells of a column by index into a new one: how rows are sorted, answers found and
// results brought into the spine's order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "columns/column.h"

namespace millrace::sweep {

// Appends the cells `rows` of `column`, strings copied. An index < 0 is a null cell.
// REQUIRES: the same type.
void AppendRows(const columns::Column& column, std::span<const int64_t> rows,
                columns::ColumnBuffer* out);

// Row i of the result is row rows[i] of `column` (null when < 0). Strings are not copied:
// `column`'s memory must outlive the result.
columns::ColumnBuffer GatherShared(const columns::Column& column, std::span<const int64_t> rows);

// Row rows[i] of the result is row i of `cells`. REQUIRES: `rows` is a permutation of the cells.
columns::ColumnBuffer Placed(columns::ColumnBuffer cells, std::span<const int64_t> rows);

}  // namespace millrace::sweep
