#include "sweep/event_rows.h"

#include <algorithm>

namespace millrace::sweep {

namespace {

int64_t ColumnBytes(const columns::Column& column) {
  if (column.type.is_null()) return 0;
  int64_t bytes = column.cells != nullptr ? column.size : 0;
  if (column.codes != nullptr && column.strings == nullptr) return bytes + 4 * column.size;
  switch (column.type.physical()) {
    case columns::Physical::kBool:
      return bytes + column.size;
    case columns::Physical::kString:
      for (int64_t row = 0; row < column.size; ++row) {
        if (column.valid(row)) bytes += static_cast<int64_t>(column.strings[row].size());
      }
      return bytes + 16 * column.size;
    case columns::Physical::kList:
      return bytes + 8 * column.size + ColumnBytes(column.children[0]);
    case columns::Physical::kMap:
      return bytes + 8 * column.size + ColumnBytes(column.children[0]) +
             ColumnBytes(column.children[1]);
    default:
      return bytes + 8 * column.size;
  }
}

}  // namespace

int64_t EventRows::bytes() const {
  int64_t bytes = size() * static_cast<int64_t>(sizeof(int32_t) + sizeof(base::EventTime));
  bytes += static_cast<int64_t>(created.size() * sizeof(base::EventTime));
  for (const EventColumn& column : inputs) bytes += ColumnBytes(column.cells);
  for (const EventColumn& column : values) bytes += ColumnBytes(column.cells);
  for (const auto& filter : filters) bytes += static_cast<int64_t>(filter.size());
  return bytes;
}

bool EventRows::OwnsStrings() const {
  const auto owns = [](const EventColumn& column) { return column.cells.strings != nullptr; };
  return std::any_of(inputs.begin(), inputs.end(), owns) ||
         std::any_of(values.begin(), values.end(), owns);
}

}  // namespace millrace::sweep
