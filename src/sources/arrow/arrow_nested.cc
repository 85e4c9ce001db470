#include "sources/arrow/arrow_nested.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "sources/arrow/arrow_cells.h"

namespace millrace::sources {
namespace {

using columns::Cell;
using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::OwnedColumn;
using columns::Type;
using features::TimestampUnit;
using Id = arrow::Type;

// A nested column made of converted children.
struct Nested {
  std::shared_ptr<arrow::Array> array;
  std::vector<int64_t> offsets;
  std::vector<uint8_t> cells;
  std::vector<OwnedColumn> owned;
  std::vector<Column> children;
};

template <typename ArrayType>
base::Status FillList(const ArrayType& list, TimestampUnit unit, const Type& type, Nested* out) {
  ARROW_ASSIGN_OR_RAISE(OwnedColumn elements, ReadArray(list.values(), type.element(), unit));
  for (int64_t i = 0; i < list.length(); ++i) {
    const int64_t first = list.value_offset(i);
    const int64_t count = list.value_length(i);
    out->offsets.push_back(first);
    Cell cell = list.IsValid(i) ? columns::kValid : columns::kNullCell;
    const bool vector = type.kind() == Kind::kVector;
    if (cell == columns::kValid && vector && count != type.vector_size()) {
      cell = columns::kVectorLength;
    }
    for (int64_t j = first; cell == columns::kValid && j < first + count; ++j) {
      const uint8_t element = elements.view.cell(j);
      if (element > columns::kValid) cell = static_cast<Cell>(element);
      if (element == columns::kNullCell && vector) cell = columns::kVectorLength;
    }
    out->cells.push_back(cell);
  }
  const int64_t last = list.length() - 1;
  out->offsets.push_back(last < 0 ? 0 : list.value_offset(last) + list.value_length(last));
  out->owned.push_back(std::move(elements));
  return base::Status::OK();
}

}  // namespace

base::Result<OwnedColumn> ReadListArray(std::shared_ptr<arrow::Array> array, const Type& type,
                                        TimestampUnit unit) {
  auto out = std::make_shared<Nested>();
  out->array = std::move(array);
  const arrow::Array& list = *out->array;
  if (list.type_id() == Id::LIST) {
    ARROW_RETURN_NOT_OK(
        FillList(static_cast<const arrow::ListArray&>(list), unit, type, out.get()));
  } else if (list.type_id() == Id::LARGE_LIST) {
    ARROW_RETURN_NOT_OK(
        FillList(static_cast<const arrow::LargeListArray&>(list), unit, type, out.get()));
  } else {
    ARROW_RETURN_NOT_OK(
        FillList(static_cast<const arrow::FixedSizeListArray&>(list), unit, type, out.get()));
  }
  out->children.push_back(out->owned[0].view);
  Column view;
  view.type = type;
  view.size = list.length();
  view.cells = out->cells.data();
  view.offsets = out->offsets.data();
  view.children = out->children.data();
  return OwnedColumn{view, std::move(out)};
}

base::Result<OwnedColumn> ReadMapArray(const arrow::Array& array, const Type& type,
                                       TimestampUnit unit) {
  const auto& map = static_cast<const arrow::MapArray&>(array);
  ARROW_ASSIGN_OR_RAISE(const OwnedColumn keys, ReadArray(map.keys(), type.key(), unit));
  ARROW_ASSIGN_OR_RAISE(const OwnedColumn values, ReadArray(map.items(), type.element(), unit));
  ColumnBuffer out(type);
  std::vector<int64_t> order;
  const auto compare = [&keys](int64_t a, int64_t b) {
    return columns::CompareCells(keys.view, a, keys.view, b);
  };
  for (int64_t i = 0; i < map.length(); ++i) {
    if (map.IsNull(i)) {
      out.AppendNull();
      continue;
    }
    order.resize(static_cast<size_t>(map.value_length(i)));
    std::iota(order.begin(), order.end(), map.value_offset(i));
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return compare(a, b) < 0; });
    bool bad = false;
    for (size_t j = 0; j < order.size(); ++j) {
      bad |= !keys.view.valid(order[j]) || values.view.cell(order[j]) > columns::kValid;
      bad |= j > 0 && compare(order[j - 1], order[j]) == 0;
    }
    if (bad) {
      out.AppendCell(columns::kBadCast);
      continue;
    }
    for (const int64_t entry : order) {
      out.keys()->AppendFrom(keys.view, entry);
      out.elements()->AppendFrom(values.view, entry);
    }
    out.CloseList();
  }
  return Own(std::move(out));
}

}  // namespace millrace::sources
