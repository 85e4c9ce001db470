#include "sources/arrow/arrow_cells.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "columns/arrow_column.h"
#include "columns/float_text.h"
#include "columns/integer_range.h"
#include "sources/arrow/arrow_nested.h"
#include "sources/cells/cell_text.h"
#include "sources/json/json_cell.h"

namespace millrace::sources {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::OwnedColumn;
using columns::Type;
using features::TimestampUnit;
using Id = arrow::Type;

// How an array becomes a column.
enum class Way {
  kLayout,  // FromArrow
  kString,  // FromArrow, then checked for UTF-8
  kText,    // parsed
  kInteger,
  kFloat,
  kDecimal,
  kList,
  kMap,
  kDictionary,  // through its values
  kNone,
};

bool IsText(Id::type id) {
  return id == Id::STRING || id == Id::LARGE_STRING || id == Id::STRING_VIEW;
}
bool IsBinary(Id::type id) {
  return id == Id::BINARY || id == Id::LARGE_BINARY;
}
bool IsInteger(Id::type id) {
  return id >= Id::UINT8 && id <= Id::INT64;
}
bool IsDecimal(Id::type id) {
  return id == Id::DECIMAL32 || id == Id::DECIMAL64 || id == Id::DECIMAL128 || id == Id::DECIMAL256;
}
bool IsListLike(Id::type id) {
  return id == Id::LIST || id == Id::LARGE_LIST || id == Id::FIXED_SIZE_LIST;
}

// What FromArrow reads by layout alone.
bool SameLayout(const arrow::DataType& from, const Type& type) {
  const Id::type id = from.id();
  switch (type.kind()) {
    case Kind::kBool:
      return id == Id::BOOL;
    case Kind::kFloat64:
      return id == Id::DOUBLE || id == Id::FLOAT || id == Id::HALF_FLOAT;
    case Kind::kFloat32:
      return id == Id::FLOAT || id == Id::HALF_FLOAT;
    case Kind::kBytes:
      return IsBinary(id) || IsText(id) || id == Id::BINARY_VIEW || id == Id::FIXED_SIZE_BINARY;
    case Kind::kDate:
      return id == Id::DATE32 || id == Id::DATE64;
    case Kind::kTimestamp:
      return id == Id::DATE32 || id == Id::DATE64 || id == Id::TIMESTAMP;
    default: {
      const auto own = Type::FromArrow(from);
      return own.ok() && *own == type && type.is_integer();
    }
  }
}

Way WayOfScalar(const arrow::DataType& from, const Type& type, TimestampUnit unit) {
  const Id::type id = from.id();
  if (SameLayout(from, type)) return Way::kLayout;
  if (type.kind() == Kind::kString && (IsText(id) || IsBinary(id))) return Way::kString;
  if (IsText(id)) return Way::kText;
  if (IsInteger(id)) {
    const bool time = type.kind() == Kind::kTimestamp && unit != TimestampUnit::kNone;
    return type.is_numeric() || type.kind() == Kind::kString || time ? Way::kInteger : Way::kNone;
  }
  if (id == Id::DOUBLE || id == Id::FLOAT) return type.is_numeric() ? Way::kFloat : Way::kNone;
  const bool decimal = type.kind() == Kind::kFloat64 || type.kind() == Kind::kString;
  return IsDecimal(id) && decimal ? Way::kDecimal : Way::kNone;
}

Way WayOf(const arrow::DataType& from, const Type& type, TimestampUnit unit) {
  if (from.id() == Id::NA) return Way::kLayout;
  if (from.id() == Id::DICTIONARY) {
    const auto& values = *static_cast<const arrow::DictionaryType&>(from).value_type();
    return WayOf(values, type, unit) == Way::kNone ? Way::kNone : Way::kDictionary;
  }
  switch (type.kind()) {
    case Kind::kList:
    case Kind::kVector:
      if (IsText(from.id())) return Way::kText;
      if (!IsListLike(from.id())) return Way::kNone;
      switch (WayOf(*from.field(0)->type(), type.element(), unit)) {
        case Way::kNone:
          return Way::kNone;
        case Way::kLayout:
          return Way::kLayout;
        default:
          return Way::kList;
      }
    case Kind::kMap: {
      if (IsText(from.id())) return Way::kText;
      if (from.id() != Id::MAP) return Way::kNone;
      const auto& map = static_cast<const arrow::MapType&>(from);
      const bool fits = WayOf(*map.key_type(), type.key(), unit) != Way::kNone &&
                        WayOf(*map.item_type(), type.element(), unit) != Way::kNone;
      return fits ? Way::kMap : Way::kNone;
    }
    default:
      return WayOfScalar(from, type, unit);
  }
}

// A column over another's memory with cells of its own.
struct Recelled {
  OwnedColumn inner;
  std::vector<uint8_t> cells;
};

OwnedColumn WithCells(OwnedColumn inner, std::vector<uint8_t> cells) {
  auto owner = std::make_shared<Recelled>(Recelled{std::move(inner), std::move(cells)});
  Column view = owner->inner.view;
  view.cells = owner->cells.data();
  return {view, std::move(owner)};
}

std::vector<uint8_t> CellsOf(const Column& column) {
  std::vector<uint8_t> cells(static_cast<size_t>(column.size), columns::kValid);
  if (column.cells != nullptr) std::copy_n(column.cells, column.size, cells.begin());
  return cells;
}

OwnedColumn CheckUtf8(OwnedColumn column) {
  std::vector<uint8_t> cells;
  for (int64_t i = 0; i < column.view.size; ++i) {
    if (!column.view.valid(i) || IsUtf8(column.view.strings[i])) continue;
    if (cells.empty()) cells = CellsOf(column.view);
    cells[i] = columns::kBadCast;
  }
  return cells.empty() ? std::move(column) : WithCells(std::move(column), std::move(cells));
}

template <typename ArrayType>
bool HasAsciiBytes(const arrow::Array& array) {
  const auto& text = static_cast<const ArrayType&>(array);
  const uint8_t* bytes = text.raw_data() + text.value_offset(0);
  uint8_t bits = 0;
  for (int64_t i = 0; i < text.total_values_length(); ++i) bits |= bytes[i];
  return bits < 0x80;
}

// Whether all bytes of the texts are ASCII, in one pass over the whole: the usual case, and then no
// text needs a look of its own.
bool IsAscii(const arrow::Array& text) {
  if (text.length() == 0) return true;
  if (text.type_id() == Id::STRING) return HasAsciiBytes<arrow::StringArray>(text);
  return text.type_id() == Id::LARGE_STRING && HasAsciiBytes<arrow::LargeStringArray>(text);
}

// An array of binary as text of the same layout; others unchanged.
arrow::Result<std::shared_ptr<arrow::Array>> AsText(const std::shared_ptr<arrow::Array>& array) {
  if (array->type_id() == Id::BINARY) return array->View(arrow::utf8());
  if (array->type_id() == Id::LARGE_BINARY) return array->View(arrow::large_utf8());
  return array;
}

base::Result<OwnedColumn> ReadText(const std::shared_ptr<arrow::Array>& array, const Type& type,
                                   TimestampUnit unit) {
  ARROW_ASSIGN_OR_RAISE(const OwnedColumn text, columns::FromArrow(array, Kind::kString));
  ColumnBuffer out(type);
  out.Reserve(text.view.size);
  JsonText json(unit);
  const bool nested =
      type.physical() == columns::Physical::kList || type.physical() == columns::Physical::kMap;
  for (int64_t i = 0; i < text.view.size; ++i) {
    if (!text.view.valid(i)) {
      out.AppendNull();
    } else if (nested) {
      json.Append(text.view.strings[i], &out);
    } else {
      AppendScalar(text.view.strings[i], unit, &out);
    }
  }
  return Own(std::move(out));
}

void AppendInteger(int64_t value, TimestampUnit unit, ColumnBuffer* out) {
  const Type& type = out->type();
  if (type.kind() == Kind::kString) return out->AppendString(fmt::format_int(value).c_str());
  if (type.kind() == Kind::kTimestamp) {
    const auto micros = MicrosOf(value, unit);
    return micros.has_value() ? out->AppendInt(*micros) : out->AppendCell(columns::kBadCast);
  }
  if (type.kind() == Kind::kUInt64) {
    return value < 0 ? out->AppendCell(columns::kBadCast)
                     : out->AppendUInt(static_cast<uint64_t>(value));
  }
  if (type.is_float()) {
    const auto wide = static_cast<double>(value);
    const bool whole = wide < 0x1p63 && static_cast<int64_t>(wide) == value;
    const bool narrow = type.kind() == Kind::kFloat64 || static_cast<float>(wide) == wide;
    return whole && narrow ? out->AppendFloat(wide) : out->AppendCell(columns::kBadCast);
  }
  if (!columns::RangeOf(type.kind()).Contains(value)) return out->AppendCell(columns::kBadCast);
  out->AppendInt(value);
}

// Above int64's range: what an integer of ours but uint64 cannot hold.
void AppendLarge(uint64_t value, ColumnBuffer* out) {
  const Type& type = out->type();
  const auto wide = static_cast<double>(value);
  if (type.kind() == Kind::kString) return out->AppendString(fmt::format_int(value).c_str());
  const bool whole = wide < 0x1p64 && static_cast<uint64_t>(wide) == value &&
                     (type.kind() == Kind::kFloat64 || static_cast<float>(wide) == wide);
  if (type.is_float() && whole) return out->AppendFloat(wide);
  out->AppendCell(columns::kBadCast);
}

base::Result<OwnedColumn> ReadInteger(const std::shared_ptr<arrow::Array>& array, const Type& type,
                                      TimestampUnit unit) {
  const bool large = array->type_id() == Id::UINT64;
  ARROW_ASSIGN_OR_RAISE(const OwnedColumn integers,
                        columns::FromArrow(array, large ? Kind::kUInt64 : Kind::kInt64));
  ColumnBuffer out(type);
  out.Reserve(integers.view.size);
  for (int64_t i = 0; i < integers.view.size; ++i) {
    if (!integers.view.valid(i)) {
      out.AppendNull();
    } else if (large && integers.view.uints[i] > static_cast<uint64_t>(INT64_MAX)) {
      AppendLarge(integers.view.uints[i], &out);
    } else {
      AppendInteger(large ? static_cast<int64_t>(integers.view.uints[i]) : integers.view.ints[i],
                    unit, &out);
    }
  }
  return Own(std::move(out));
}

void AppendFloat(double value, ColumnBuffer* out) {
  const Type& type = out->type();
  if (type.kind() == Kind::kFloat32) {
    return FitsFloat32(value) ? out->AppendFloat(static_cast<float>(value))
                              : out->AppendCell(columns::kBadCast);
  }
  if (value != std::floor(value) || !std::isfinite(value)) {
    return out->AppendCell(columns::kBadCast);
  }
  if (type.kind() == Kind::kUInt64 && value >= 0 && value < 0x1p64) {
    return out->AppendUInt(static_cast<uint64_t>(value));
  }
  if (value < -0x1p63 || value >= 0x1p63) return out->AppendCell(columns::kBadCast);
  AppendInteger(static_cast<int64_t>(value), TimestampUnit::kNone, out);
}

base::Result<OwnedColumn> ReadFloat(const std::shared_ptr<arrow::Array>& array, const Type& type) {
  ARROW_ASSIGN_OR_RAISE(const OwnedColumn floats, columns::FromArrow(array, Kind::kFloat64));
  ColumnBuffer out(type);
  out.Reserve(floats.view.size);
  for (int64_t i = 0; i < floats.view.size; ++i) {
    if (floats.view.valid(i)) {
      AppendFloat(floats.view.floats[i], &out);
    } else {
      out.AppendNull();
    }
  }
  return Own(std::move(out));
}

template <typename ArrayType>
void AppendDecimals(const arrow::Array& array, ColumnBuffer* out) {
  const auto& decimals = static_cast<const ArrayType&>(array);
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      out->AppendNull();
    } else {
      AppendScalar(decimals.FormatValue(i), TimestampUnit::kNone, out);
    }
  }
}

OwnedColumn ReadDecimal(const arrow::Array& array, const Type& type) {
  ColumnBuffer out(type);
  switch (array.type_id()) {
    case Id::DECIMAL32:
      AppendDecimals<arrow::Decimal32Array>(array, &out);
      break;
    case Id::DECIMAL64:
      AppendDecimals<arrow::Decimal64Array>(array, &out);
      break;
    case Id::DECIMAL256:
      AppendDecimals<arrow::Decimal256Array>(array, &out);
      break;
    default:
      AppendDecimals<arrow::Decimal128Array>(array, &out);
  }
  return Own(std::move(out));
}

}  // namespace

base::Status CheckReadable(const arrow::DataType& from, const Type& type, TimestampUnit unit) {
  if (WayOf(from, type, unit) != Way::kNone) return base::Status::OK();
  base::Problem problem{.code = base::codes::kTypeMismatch,
                        .message = fmt::format("is {}, which cannot be read as {}", from.ToString(),
                                               type.ToString())};
  if (IsInteger(from.id()) && type.kind() == Kind::kTimestamp) {
    problem.hint = "say what the integers count: `timestamp_unit: s`, ms, us or ns";
  } else if (IsDecimal(from.id())) {
    problem.hint = "declare the column float64 or string";
  }
  return base::Error(std::move(problem));
}

base::Result<OwnedColumn> ReadArray(std::shared_ptr<arrow::Array> array, const Type& type,
                                    TimestampUnit unit, columns::Distinct distinct) {
  switch (WayOf(*array->type(), type, unit)) {
    case Way::kLayout:
      return columns::FromArrow(std::move(array), type);
    case Way::kString: {
      ARROW_ASSIGN_OR_RAISE(auto text, AsText(array));
      const bool ascii = IsAscii(*text);
      ARROW_ASSIGN_OR_RAISE(OwnedColumn column, columns::FromArrow(std::move(text), type));
      return ascii ? std::move(column) : CheckUtf8(std::move(column));
    }
    case Way::kText:
      return ReadText(array, type, unit);
    case Way::kInteger:
      return ReadInteger(array, type, unit);
    case Way::kFloat:
      return ReadFloat(array, type);
    case Way::kDecimal:
      return ReadDecimal(*array, type);
    case Way::kList:
      return ReadListArray(std::move(array), type, unit);
    case Way::kMap:
      return ReadMapArray(*array, type, unit);
    case Way::kDictionary: {
      // Each value is converted once; what differs as a value differs as a text.
      const auto& rows = static_cast<const arrow::DictionaryArray&>(*array);
      ARROW_ASSIGN_OR_RAISE(OwnedColumn values, ReadArray(rows.dictionary(), type, unit));
      return columns::FromDictionary(rows, std::move(values), distinct);
    }
    case Way::kNone:
      break;
  }
  return CheckReadable(*array->type(), type, unit);
}

}  // namespace millrace::sources
