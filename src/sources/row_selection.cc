#include "sources/row_selection.h"

#include <memory>
#include <utility>

namespace millrace::sources {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::OwnedColumn;
using columns::Physical;

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
  OwnedColumn picked = Own(std::move(to));
  using Owners = std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>;
  picked.owner = std::make_shared<const Owners>(std::move(picked.owner), std::move(column.owner));
  return picked;
}

}  // namespace millrace::sources
