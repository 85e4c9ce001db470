#include "sources/event_times.h"

#include <fmt/format.h>

#include <optional>

#include "sources/cells/cell_text.h"

namespace millrace::sources {
namespace {

using columns::Column;
using columns::Kind;
using features::TimestampUnit;

constexpr int64_t kMicrosPerDay = 86'400'000'000;

std::optional<int64_t> MicrosAt(const Column& column, int64_t row, TimestampUnit unit) {
  switch (column.type.kind()) {
    case Kind::kTimestamp:
      return column.ints[row];
    case Kind::kDate: {
      int64_t micros = 0;
      if (__builtin_mul_overflow(column.ints[row], kMicrosPerDay, &micros)) return std::nullopt;
      return micros;
    }
    case Kind::kString: {
      const auto time = base::ParseTime(column.strings[row]);
      if (!time.ok()) return std::nullopt;
      return time->micros();
    }
    case Kind::kUInt64:
      if (column.uints[row] > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
      return MicrosOf(static_cast<int64_t>(column.uints[row]), unit);
    default:
      return MicrosOf(column.ints[row], unit);
  }
}

}  // namespace

base::Status CheckTimeColumn(const features::Field& column, TimestampUnit unit) {
  const Kind kind = column.type.kind();
  const bool integer = column.type.is_integer();
  if (kind == Kind::kTimestamp || kind == Kind::kDate || kind == Kind::kString ||
      (integer && unit != TimestampUnit::kNone)) {
    return base::Status::OK();
  }
  return base::Error(
      {.code = base::codes::kTypeMismatch,
       .message = fmt::format("event time '{}' is {}; expected timestamp, date, string (ISO-8601), "
                              "or an integer with `timestamp_unit`",
                              column.name, column.type.ToString()),
       .hint = integer ? "say what it counts: `timestamp_unit: s`, ms, us or ns" : ""});
}

Times ReadTimes(const Column& column, TimestampUnit unit) {
  Times out;
  const auto size = static_cast<size_t>(column.size);
  out.times.resize(size);
  out.cells.resize(size, columns::kValid);
  for (int64_t row = 0; row < column.size; ++row) {
    out.cells[row] = column.cell(row);
    if (out.cells[row] != columns::kValid) continue;
    const std::optional<int64_t> micros = MicrosAt(column, row, unit);
    if (micros.has_value()) {
      out.times[row] = base::EventTime::Micros(*micros);
    } else {
      out.cells[row] = columns::kBadCast;
    }
  }
  return out;
}

}  // namespace millrace::sources
