// The direct reading first (columns/arrow_column.h); cell by cell where types differ.
#include "offline/coerce.h"

#include <arrow/chunked_array.h>
#include <arrow/type.h>

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/time.h"
#include "columns/arrow_column.h"
#include "columns/integer_range.h"

namespace millrace::offline {

using base::Result;
using base::Status;
using columns::Column;
using columns::Kind;
using columns::OwnedColumn;
using columns::Physical;
using columns::Type;
using columns::Value;

namespace {

constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;

Status BadType(const std::string& name, const arrow::DataType& found, const std::string& expected) {
  return base::Error(base::codes::kSpine, "column '" + name + "' has type " + found.ToString() +
                                              "; expected " + expected);
}

Status BadCell(const std::string& name, int64_t row, const std::string& found,
               const std::string& expected) {
  return base::Error(base::codes::kSpine, "column '" + name + "', row " + std::to_string(row + 1) +
                                              ": '" + found + "'; expected " + expected);
}

std::optional<Value> FromInt(int64_t v, const Type& to) {
  if (to.kind() == Kind::kUInt64) {
    if (v < 0) return std::nullopt;
    return Value(static_cast<uint64_t>(v));
  }
  if (to.is_integer()) {
    if (!columns::RangeOf(to.kind()).Contains(v)) return std::nullopt;
    return Value(v);
  }
  if (to.is_float()) {
    const double wide = to.kind() == Kind::kFloat32 ? static_cast<double>(static_cast<float>(v))
                                                    : static_cast<double>(v);
    // 2^63 is where int64 ends and the cast back would not.
    if (wide >= 0x1p63 || static_cast<int64_t>(wide) != v) return std::nullopt;
    return Value(wide);
  }
  return std::nullopt;
}

std::optional<Value> FromFloat(double v, const Type& to) {
  if (to.kind() == Kind::kFloat64) return Value(v);
  if (to.kind() == Kind::kFloat32) {
    if (!std::isnan(v) && static_cast<double>(static_cast<float>(v)) != v) return std::nullopt;
    return Value(v);
  }
  if (!to.is_integer()) return std::nullopt;
  if (std::isnan(v)) return Value();  // how pandas writes a missing integer
  if (v != std::floor(v)) return std::nullopt;
  if (v >= -0x1p63 && v < 0x1p63) return FromInt(static_cast<int64_t>(v), to);
  if (to.kind() == Kind::kUInt64 && v >= 0 && v < 0x1p64) return Value(static_cast<uint64_t>(v));
  return std::nullopt;
}

// The value as `to` if that loses nothing.
std::optional<Value> Convert(const Value& value, const Type& from, const Type& to) {
  if (value.is_null()) return Value();
  if (from == to) return value;
  if (from.physical() == Physical::kInt && from.is_integer() && !to.is_null()) {
    if (to.is_numeric()) return FromInt(value.as_int(), to);
  }
  if (from.kind() == Kind::kUInt64 && to.is_integer()) {
    if (value.as_uint() > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
    return FromInt(static_cast<int64_t>(value.as_uint()), to);
  }
  if (from.is_float() && to.is_numeric()) return FromFloat(value.as_float(), to);
  if (from.kind() == Kind::kDate && to.kind() == Kind::kTimestamp) {
    int64_t micros = 0;
    if (__builtin_mul_overflow(value.as_int(), kMicrosPerDay, &micros)) return std::nullopt;
    return Value(micros);
  }
  if (from.kind() == Kind::kString && (to.is_numeric() || to.kind() == Kind::kBool)) {
    auto read = columns::FromText(value.as_string(), to);
    if (!read.ok() || columns::ToText(*read, to) != value.as_string()) return std::nullopt;
    return *std::move(read);
  }
  if (from.kind() == Kind::kString && to.kind() == Kind::kTimestamp) {
    const auto time = base::ParseTime(value.as_string());
    if (!time.ok()) return std::nullopt;
    return Value(time->micros());
  }
  if (from.kind() == Kind::kString && to.kind() == Kind::kBytes) return value;
  if (to.kind() == Kind::kString && (from.is_integer() || from.kind() == Kind::kBool)) {
    return Value(columns::ToText(value, from));
  }
  return std::nullopt;
}

bool MayConvert(const Type& from, const Type& to) {
  if (from.is_null()) return true;
  if (from.is_numeric() && to.is_numeric()) return true;
  if (to.kind() == Kind::kString) return from.is_integer() || from.kind() == Kind::kBool;
  if (from.kind() == Kind::kString) {
    return to.is_numeric() || to.kind() == Kind::kBool || to.kind() == Kind::kTimestamp ||
           to.kind() == Kind::kBytes;
  }
  return from.kind() == Kind::kDate && to.kind() == Kind::kTimestamp;
}

Status CheckCells(const Column& column, const std::string& name, const std::string& expected) {
  for (int64_t row = 0; column.cells != nullptr && row < column.size; ++row) {
    if (column.cells[row] > columns::kValid) {
      return BadCell(name, row, std::string(columns::ErrorName(column.cells[row])), expected);
    }
  }
  return Status::OK();
}

Result<OwnedColumn> ConvertCells(const Column& from, const std::string& name, const Type& type) {
  columns::ColumnBuffer out(type);
  out.Reserve(from.size);
  for (int64_t row = 0; row < from.size; ++row) {
    const Value value = from.value(row);
    const std::optional<Value> converted = Convert(value, from.type, type);
    if (!converted.has_value()) {
      return BadCell(name, row, columns::ToText(value, from.type), type.ToString());
    }
    out.AppendValue(*converted);
  }
  return Own(std::move(out));
}

}  // namespace

Result<OwnedColumn> CoerceColumn(const arrow::ChunkedArray& array, const std::string& name,
                                 const Type& type) {
  auto direct = columns::FromArrow(array, type);
  if (direct.ok()) {
    ARROW_RETURN_NOT_OK(CheckCells(direct->view, name, type.ToString()));
    return direct;
  }
  const auto own_type = Type::FromArrow(*array.type());
  if (!own_type.ok() || !MayConvert(*own_type, type)) {
    return BadType(name, *array.type(), type.ToString());
  }
  ARROW_ASSIGN_OR_RAISE(const OwnedColumn own, columns::FromArrow(array, *own_type));
  ARROW_RETURN_NOT_OK(CheckCells(own.view, name, type.ToString()));
  return ConvertCells(own.view, name, type);
}

Result<OwnedColumn> CoerceTimes(const arrow::ChunkedArray& array, const std::string& name) {
  const std::string expected = "timestamps, dates or ISO-8601 text";
  const auto own_type = Type::FromArrow(*array.type());
  if (!own_type.ok()) return BadType(name, *array.type(), expected);
  const Kind kind = own_type->kind();
  if (kind != Kind::kTimestamp && kind != Kind::kDate && kind != Kind::kString &&
      kind != Kind::kNull) {
    return BadType(name, *array.type(), expected);
  }
  return CoerceColumn(array, name, Kind::kTimestamp);
}

}  // namespace millrace::offline
