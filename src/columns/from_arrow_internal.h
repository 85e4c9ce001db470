// What the readers of Arrow arrays share: the memory of a converted column, its cells, and the
// refusal. Used by from_arrow*.cc alone.
#pragma once

#include <arrow/array/array_base.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "columns/column.h"

namespace millrace::columns::from_arrow {

// Keeps one converted column alive: the array it may point into and the memory that was made for
// it.
struct Converted {
  std::shared_ptr<arrow::Array> array;
  std::vector<uint8_t> cells;
  std::vector<uint8_t> bools;
  std::vector<int64_t> ints;
  std::vector<uint64_t> uints;
  std::vector<double> floats;
  std::vector<int32_t> codes;
  std::vector<int64_t> offsets;
  std::vector<Column> children;
  std::vector<std::shared_ptr<const void>> owners;
};

// Memory for the strings of `rows` rows, from Arrow's pool: not cleared first, and used again.
inline base::Result<std::string_view*> AllocateStrings(int64_t rows, Converted* out) {
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> memory,
      arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(std::string_view))));
  auto* strings = reinterpret_cast<std::string_view*>(memory->mutable_data());
  out->owners.push_back(std::move(memory));
  return strings;
}

inline base::Status Mismatch(const arrow::DataType& found, const Type& type) {
  return base::Error(base::codes::kTypeMismatch, "a column of Arrow type " + found.ToString() +
                                                     " cannot be read as " + type.ToString());
}

inline void FillCells(const arrow::Array& array, Converted* out, Column* view) {
  if (array.null_count() == 0) return;
  out->cells.resize(static_cast<size_t>(array.length()));
  for (int64_t i = 0; i < array.length(); ++i)
    out->cells[i] = array.IsValid(i) ? kValid : kNullCell;
  view->cells = out->cells.data();
}

inline void MarkCell(int64_t row, Cell cell, Converted* out, Column* view) {
  if (out->cells.empty()) out->cells.assign(static_cast<size_t>(view->size), kValid);
  out->cells[row] = cell;
  view->cells = out->cells.data();
}

// Copies raw values of one C type, widened.
template <typename From, typename To>
void Widen(const arrow::Array& array, std::vector<To>* out) {
  const From* values = array.data()->GetValues<From>(1);
  out->resize(static_cast<size_t>(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) (*out)[i] = static_cast<To>(values[i]);
}

base::Status FillDate(const arrow::Array& array, const Type& type, Converted* out, Column* view);
base::Status FillTimestamp(const arrow::Array& array, const Type& type, Converted* out,
                           Column* view);

}  // namespace millrace::columns::from_arrow
