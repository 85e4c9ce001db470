// A source's readable rows: times read by the rules of docs/semantics.md, "Time"; the others
// counted.
#include "base/time.h"
#include "reference/evaluate.h"
#include "reference/tables.h"

namespace millrace::reference {
namespace {

using base::Result;
using columns::Kind;

constexpr int64_t kMicrosPerDay = 86'400'000'000;

// Microseconds since the epoch; an error cell when the value is no instant.
Cell ReadTime(const Cell& cell, const Type& type, features::TimestampUnit unit) {
  if (cell.cell != columns::kValid) return cell;
  if (type.kind() == Kind::kTimestamp) return cell;
  if (type.kind() == Kind::kString) {
    auto time = base::ParseTime(cell.value.as_string());
    return time.ok() ? Cell(Value(time->micros())) : Cell::Error(columns::kBadCast);
  }
  if (type.kind() == Kind::kDate) return Value(cell.value.as_int() * kMicrosPerDay);
  __int128 whole = cell.value.holds_uint() ? static_cast<__int128>(cell.value.as_uint())
                                           : static_cast<__int128>(cell.value.as_int());
  switch (unit) {
    case features::TimestampUnit::kSeconds:
      whole *= 1'000'000;
      break;
    case features::TimestampUnit::kMillis:
      whole *= 1'000;
      break;
    case features::TimestampUnit::kNanos:
      whole = (whole - ((whole % 1000) + 1000) % 1000) / 1000;
      break;
    default:
      break;
  }
  if (whole < INT64_MIN || whole > INT64_MAX) return Cell::Error(columns::kBadCast);
  return Value(static_cast<int64_t>(whole));
}

Result<const engines::EventTable*> FindTable(const std::vector<engines::EventTable>& events,
                                             const std::string& source) {
  for (const engines::EventTable& table : events) {
    if (table.source == source) return &table;
  }
  return base::Error(base::codes::kInternal, "the case has no events of source " + source);
}

}  // namespace

Result<const SourceTable*> Tables::OfSource(int source_index) {
  if (auto known = sources_.find(source_index); known != sources_.end()) return &known->second;
  const features::Source& source = plan_.sources[static_cast<size_t>(source_index)];
  ARROW_ASSIGN_OR_RAISE(const engines::EventTable* events, FindTable(events_, source.name));
  std::optional<RowEvaluator> created;
  if (source.created) created.emplace(source.created, source.columns);
  SourceTable table;
  auto reject = [&](const char* reason) { ++table.rejected[{"source " + source.name, reason}]; };
  for (const std::vector<engines::EventCell>& cells : events->rows) {
    SourceRow row;
    for (const columns::Field& field : source.columns) {
      const int column = events->Find(field.name);
      if (column < 0) {
        return base::Error(base::codes::kInternal, "the case's table has no column " + field.name);
      }
      const engines::EventCell& cell = cells[static_cast<size_t>(column)];
      row.cells.push_back(cell.cell > columns::kValid ? Cell::Error(cell.cell) : Cell(cell.value));
    }
    const auto timestamp = static_cast<size_t>(source.timestamp);
    const Cell time =
        ReadTime(row.cells[timestamp], source.columns[timestamp].type, source.timestamp_unit);
    if (time.cell != columns::kValid) {
      reject(time.is_error() ? "unreadable_event_time" : "null_event_time");
      continue;
    }
    row.time = time.value.as_int();
    if (created) {
      const Cell known = created->Run(row.cells);
      if (known.cell != columns::kValid) {
        reject(known.is_error() ? "unreadable_created" : "null_created");
        continue;
      }
      row.created = known.value.as_int();
    }
    table.rows.push_back(std::move(row));
  }
  return &(sources_[source_index] = std::move(table));
}

}  // namespace millrace::reference
