#include "sources/row_selection.h"

#include <memory>
#include <utility>
#include <vector>

namespace millrace::sources {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::OwnedColumn;
using columns::Physical;

// What a selection lives on: its cells, the memory of the column it is from, its codes.
struct Picked {
  std::shared_ptr<const void> cells;
  std::shared_ptr<const void> from;
  std::vector<int32_t> codes;
};

template <typename T>
void Pick(const T* from, const std::vector<int64_t>& rows, T* to) {
  for (size_t i = 0; i < rows.size(); ++i) to[i] = from[rows[i]];
}

void PickValues(const Column& from, const std::vector<int64_t>& rows, ColumnBuffer* to) {
  switch (from.type.physical()) {
    case Physical::kBool:
      return Pick(from.bools, rows, to->bools());
    case Physical::kInt:
      return Pick(from.ints, rows, to->ints());
    case Physical::kUInt:
      return Pick(from.uints, rows, to->uints());
    case Physical::kFloat:
      return Pick(from.floats, rows, to->floats());
    case Physical::kString:
      return Pick(from.strings, rows, to->strings());
    default:
      return;
  }
}

}  // namespace

OwnedColumn SelectRows(OwnedColumn column, const std::vector<int64_t>& rows) {
  const Column& from = column.view;
  ColumnBuffer to(from.type);
  if (from.type.physical() == Physical::kList || from.type.physical() == Physical::kMap) {
    for (const int64_t row : rows) to.AppendFrom(from, row);
    return Own(std::move(to));
  }
  to.Resize(static_cast<int64_t>(rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) to.cells()[i] = from.cell(rows[i]);
  PickValues(from, rows, &to);
  std::vector<int32_t> codes;
  if (from.codes != nullptr) {
    codes.resize(rows.size());
    Pick(from.codes, rows, codes.data());
  }
  OwnedColumn picked = Own(std::move(to));
  auto owner = std::make_shared<const Picked>(
      Picked{std::move(picked.owner), std::move(column.owner), std::move(codes)});
  if (from.codes != nullptr) {
    picked.view.codes = owner->codes.data();
    picked.view.code_count = from.code_count;
  }
  picked.owner = std::move(owner);
  return picked;
}

}  // namespace millrace::sources
