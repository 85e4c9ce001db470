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

// Answers come out in pieces, by key; Scattered brings them into row order. Add may be called from
// many threads for different pieces and rows.
class Scattered {
 public:
  // `rows` cells, all null; `pieces` pieces will be added.
  Scattered(const columns::Type& type, int64_t rows, int64_t pieces);
  // Cell i of the piece is row rows[i].
  void Add(int64_t piece, columns::ColumnBuffer cells, std::span<const int64_t> rows);
  columns::OwnedColumn Finish() &&;

 private:
  struct Source {
    int32_t piece = -1;
    int32_t cell = 0;
  };
  bool nested() const;

  columns::ColumnBuffer out_;
  std::vector<columns::ColumnBuffer> pieces_;  // kept for their strings and lists
  std::vector<Source> sources_;                // nested types: where each row's cell is
};

}  // namespace millrace::sweep
