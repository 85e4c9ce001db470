#include "sources/event_times.h"

#include <fmt/format.h>

#include <optional>
#include <type_traits>

#include "sources/cells/cell_text.h"

namespace millrace::sources {
namespace {

using columns::Column;
using columns::Kind;
using features::TimestampUnit;

constexpr int64_t kMicrosPerDay = 86'400'000'000;

std::optional<int64_t> MicrosAt(const Column& column, int64_t row, TimestampUnit unit) {
  switch (column.type.kind()) {
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
  if (column.cells != nullptr) out.cells.assign(column.cells, column.cells + size);
  if (column.type.kind() == Kind::kTimestamp) {
    // The same bits: microseconds.
    static_assert(sizeof(base::EventTime) == sizeof(int64_t) &&
                  std::is_trivially_copyable_v<base::EventTime>);
    const auto* times = reinterpret_cast<const base::EventTime*>(column.ints);
    out.times.assign(times, times + size);
    return out;
  }
  out.times.resize(size);
  for (int64_t row = 0; row < column.size; ++row) {
    if (!column.valid(row)) continue;
    const std::optional<int64_t> micros = MicrosAt(column, row, unit);
    if (micros.has_value()) {
      out.times[row] = base::EventTime::Micros(*micros);
    } else {
      if (out.cells.empty()) out.cells.assign(size, columns::kValid);
      out.cells[row] = columns::kBadCast;
    }
  }
  return out;
}

}  // namespace millrace::sources
