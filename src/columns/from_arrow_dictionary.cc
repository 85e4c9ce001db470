// Dictionary arrays -> Columns: a value is looked at once, a row is an index.
#include <absl/container/flat_hash_set.h>
#include <arrow/array/array_dict.h>
#include <arrow/type.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "columns/arrow_column.h"
#include "columns/from_arrow_internal.h"

namespace millrace::columns {
namespace {

using from_arrow::AllocateStrings;
using from_arrow::Converted;
using from_arrow::FillCells;

// The rows' indices into the dictionary; 0 where a row is null, even if there is no value 0.
struct Indices {
  const int32_t* values = nullptr;
  std::vector<int32_t> copied;
};

Indices IndicesOf(const arrow::DictionaryArray& array, const Column& rows) {
  Indices out;
  if (rows.cells == nullptr && array.indices()->type_id() == arrow::Type::INT32) {
    out.values = array.indices()->data()->GetValues<int32_t>(1);
    return out;
  }
  out.copied.resize(static_cast<size_t>(rows.size));
  for (int64_t i = 0; i < rows.size; ++i) {
    if (!rows.valid(i)) continue;
    const int64_t index = array.GetValueIndex(i);
    out.copied[i] = index > std::numeric_limits<int32_t>::max() ? -1 : static_cast<int32_t>(index);
  }
  out.values = out.copied.data();
  return out;
}

bool AllInside(const Indices& indices, int64_t rows, int64_t values) {
  // As unsigned, a negative index is a large one.
  uint32_t largest = 0;
  for (int64_t i = 0; i < rows; ++i) {
    largest = std::max(largest, static_cast<uint32_t>(indices.values[i]));
  }
  return rows == 0 || largest < values;
}

bool AllDistinct(const Column& dictionary) {
  absl::flat_hash_set<std::string_view> seen;
  seen.reserve(static_cast<size_t>(dictionary.size));
  for (int64_t i = 0; i < dictionary.size; ++i) {
    if (!seen.insert(dictionary.strings[i]).second) return false;
  }
  return true;
}

bool AllValid(const Column& dictionary) {
  return dictionary.cells == nullptr ||
         std::all_of(dictionary.cells, dictionary.cells + dictionary.size,
                     [](uint8_t cell) { return cell == kValid; });
}

// A row's cell is its value's, unless the row itself is null.
void TakeCells(const Column& dictionary, const Indices& indices, Converted* out, Column* view) {
  if (AllValid(dictionary)) return;
  if (out->cells.empty()) out->cells.assign(static_cast<size_t>(view->size), kValid);
  for (int64_t i = 0; i < view->size; ++i) {
    if (out->cells[i] == kValid) out->cells[i] = dictionary.cells[indices.values[i]];
  }
  view->cells = out->cells.data();
}

OwnedColumn CopyRows(const Column& dictionary, const Indices& indices, const Column& rows) {
  ColumnBuffer out(dictionary.type);
  out.Reserve(rows.size);
  for (int64_t i = 0; i < rows.size; ++i) {
    if (rows.valid(i)) {
      out.AppendFrom(dictionary, indices.values[i]);
    } else {
      out.AppendNull();
    }
  }
  return Own(std::move(out));
}

OwnedColumn NoRowIsValid(const Type& type, int64_t rows) {
  ColumnBuffer out(type);
  for (int64_t i = 0; i < rows; ++i) out.AppendNull();
  return Own(std::move(out));
}

}  // namespace

base::Result<OwnedColumn> FromDictionary(const arrow::DictionaryArray& array,
                                         OwnedColumn dictionary, Distinct distinct) {
  const Column& values = dictionary.view;
  if (array.null_count() == array.length()) return NoRowIsValid(values.type, array.length());
  auto out = std::make_shared<Converted>();
  Column view;
  view.type = values.type;
  view.size = array.length();
  FillCells(array, out.get(), &view);
  Indices indices = IndicesOf(array, view);
  if (!AllInside(indices, view.size, values.size)) {
    return base::Error(base::codes::kCorrupt, "an index is outside of its dictionary");
  }
  if (values.type.physical() != Physical::kString) return CopyRows(values, indices, view);
  ARROW_ASSIGN_OR_RAISE(std::string_view * strings, AllocateStrings(view.size, out.get()));
  for (int64_t i = 0; i < view.size; ++i) strings[i] = values.strings[indices.values[i]];
  view.strings = strings;
  TakeCells(values, indices, out.get(), &view);
  const bool coded = values.size <= std::numeric_limits<int32_t>::max() && AllValid(values) &&
                     (distinct == Distinct::kYes || AllDistinct(values));
  if (coded) {
    out->codes = std::move(indices.copied);
    view.codes = indices.values;
    view.code_count = static_cast<int32_t>(values.size);
  }
  out->array = array.indices();
  out->owners.push_back(std::move(dictionary.owner));
  return OwnedColumn{view, std::move(out)};
}

}  // namespace millrace::columns
