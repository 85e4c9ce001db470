// One loop per physical form; nested cells go through ColumnBuffer::AppendFrom.
#include "sweep/gather.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace millrace::sweep {

using columns::Column;
using columns::ColumnBuffer;
using columns::Physical;

namespace {

bool IsPlain(const columns::Type& type) {
  const Physical physical = type.physical();
  return physical != Physical::kList && physical != Physical::kMap && physical != Physical::kNone;
}

template <typename T, typename Keep>
void Pick(const T* from, std::span<const int64_t> rows, T* to, Keep keep) {
  for (size_t i = 0; i < rows.size(); ++i) to[i] = rows[i] < 0 ? T{} : keep(from[rows[i]]);
}

template <typename Keep>
void PickPlain(const Column& column, std::span<const int64_t> rows, int64_t at, Keep keep_string,
               ColumnBuffer* out) {
  uint8_t* cells = out->cells() + at;
  for (size_t i = 0; i < rows.size(); ++i) {
    cells[i] = rows[i] < 0 ? uint8_t{columns::kNullCell} : column.cell(rows[i]);
  }
  const auto same = [](auto v) { return v; };
  switch (column.type.physical()) {
    case Physical::kBool:
      Pick(column.bools, rows, out->bools() + at, same);
      break;
    case Physical::kInt:
      Pick(column.ints, rows, out->ints() + at, same);
      break;
    case Physical::kUInt:
      Pick(column.uints, rows, out->uints() + at, same);
      break;
    case Physical::kFloat:
      Pick(column.floats, rows, out->floats() + at, same);
      break;
    case Physical::kString:
      Pick(column.strings, rows, out->strings() + at, keep_string);
      break;
    default:
      break;
  }
}

void AppendNested(const Column& column, std::span<const int64_t> rows, ColumnBuffer* out) {
  for (const int64_t row : rows) {
    const uint8_t cell = row < 0 ? uint8_t{columns::kNullCell} : column.cell(row);
    if (cell == columns::kValid) {
      out->AppendFrom(column, row);
    } else {
      out->AppendCell(static_cast<columns::Cell>(cell));
    }
  }
}

}  // namespace

void AppendRows(const Column& column, std::span<const int64_t> rows, ColumnBuffer* out) {
  if (!IsPlain(column.type)) {
    AppendNested(column, rows, out);
    return;
  }
  const int64_t at = out->size();
  out->Resize(at + static_cast<int64_t>(rows.size()));
  PickPlain(column, rows, at, [&](std::string_view v) { return out->Keep(v); }, out);
}

ColumnBuffer GatherShared(const Column& column, std::span<const int64_t> rows) {
  ColumnBuffer out(column.type);
  if (!IsPlain(column.type)) {
    out.Reserve(static_cast<int64_t>(rows.size()));
    AppendNested(column, rows, &out);
    return out;
  }
  out.Resize(static_cast<int64_t>(rows.size()));
  PickPlain(column, rows, 0, [](std::string_view v) { return v; }, &out);
  return out;
}

ColumnBuffer Placed(ColumnBuffer cells, std::span<const int64_t> rows) {
  if (std::is_sorted(rows.begin(), rows.end())) return cells;
  std::vector<int64_t> from(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) from[rows[i]] = static_cast<int64_t>(i);
  ColumnBuffer placed(cells.type());
  AppendRows(cells.View(), from, &placed);
  return placed;
}

}  // namespace millrace::sweep
