#include "sources/arrow/bad_texts.h"

#include <arrow/array.h>
#include <arrow/scalar.h>

namespace millrace::sources {

void KeepBadTexts(const arrow::Array& array, const columns::Column& column, size_t index,
                  RowBatch* rows) {
  if (column.cells == nullptr) return;
  for (int64_t i = 0; i < column.size; ++i) {
    if (column.cells[i] <= columns::kValid) continue;
    if (rows->bad_texts.size() >= 2 * columns::RejectedRows::kExamplesMax) return;
    const auto scalar = array.GetScalar(i);
    rows->bad_texts.push_back({i, index, scalar.ok() ? (*scalar)->ToString() : ""});
  }
}

}  // namespace millrace::sources
