#include "sources/cells/cell_text.h"

#include <arrow/util/base64.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/check.h"
#include "base/time.h"
#include "columns/float_text.h"
#include "columns/integer_range.h"

namespace millrace::sources {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::Physical;
using features::TimestampUnit;

constexpr int64_t kMicrosPerDay = 86'400'000'000;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "12.000" is the integer 12.
std::string_view WithoutZeroFraction(std::string_view text) {
  const size_t point = text.find('.');
  if (point == std::string_view::npos || point == 0) return text;
  if (point + 1 == text.size()) return text;
  if (text.find_first_not_of('0', point + 1) != std::string_view::npos) return text;
  return text.substr(0, point);
}

template <typename Integer>
std::optional<Integer> ReadInteger(std::string_view text) {
  text = WithoutZeroFraction(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool LowercaseIs(std::string_view text, std::string_view lowercase) {
  if (text.size() != lowercase.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lowercase[i]) return false;
  }
  return true;
}

void AppendBool(std::string_view text, ColumnBuffer* out) {
  if (LowercaseIs(text, "true")) return out->AppendBool(true);
  if (LowercaseIs(text, "false")) return out->AppendBool(false);
  out->AppendCell(columns::kBadCast);
}

void AppendFloat(std::string_view text, Kind kind, ColumnBuffer* out) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  const std::optional<double> value = columns::ParseFloat(text);
  if (!value.has_value()) return out->AppendCell(columns::kBadCast);
  const bool digits = text.find_first_of("0123456789") != std::string_view::npos;
  if (std::isinf(*value) && digits) return out->AppendCell(columns::kBadCast);
  if (kind == Kind::kFloat64 || !std::isfinite(*value)) return out->AppendFloat(*value);
  // Of the text itself: rounding the float64 again would round twice.
  float narrow = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), narrow);
  if (error != std::errc()) narrow = static_cast<float>(*value);
  if (std::isinf(narrow)) return out->AppendCell(columns::kBadCast);
  out->AppendFloat(narrow);
}

void AppendTimestamp(std::string_view text, TimestampUnit unit, ColumnBuffer* out) {
  if (unit != TimestampUnit::kNone) {
    if (const auto value = ReadInteger<int64_t>(text); value.has_value()) {
      const auto micros = MicrosOf(*value, unit);
      return micros.has_value() ? out->AppendInt(*micros) : out->AppendCell(columns::kBadCast);
    }
  }
  const auto time = base::ParseTime(text);
  if (!time.ok()) return out->AppendCell(columns::kBadCast);
  out->AppendInt(time->micros());
}

void AppendDate(std::string_view text, ColumnBuffer* out) {
  const auto time = base::ParseTime(text);
  if (!time.ok() || base::FloorMod(time->micros(), kMicrosPerDay) != 0) {
    return out->AppendCell(columns::kBadCast);
  }
  out->AppendInt(base::FloorDiv(time->micros(), kMicrosPerDay));
}

void AppendInteger(std::string_view text, Kind kind, ColumnBuffer* out) {
  const auto value = ReadInteger<int64_t>(text);
  if (!value.has_value() || !columns::RangeOf(kind).Contains(*value)) {
    return out->AppendCell(columns::kBadCast);
  }
  out->AppendInt(*value);
}

void AppendUInt64(std::string_view text, ColumnBuffer* out) {
  const auto value = ReadInteger<uint64_t>(text);
  if (!value.has_value()) return out->AppendCell(columns::kBadCast);
  out->AppendUInt(*value);
}

void AppendBytes(std::string_view text, ColumnBuffer* out) {
  auto bytes = arrow::util::base64_decode(text);
  if (!bytes.ok()) return out->AppendCell(columns::kBadCast);
  out->AppendString(*bytes);
}

void AppendString(std::string_view text, ColumnBuffer* out) {
  if (!IsUtf8(text)) return out->AppendCell(columns::kBadCast);
  out->AppendString(text);
}

// By eras of 400 years, which are all alike: a date reaches further than a time does.
std::string DateText(int64_t days) {
  constexpr int64_t kDaysPerEra = 146'097;
  const int64_t era = base::FloorDiv(days, kDaysPerEra);
  const int64_t rest = base::FloorMod(days, kDaysPerEra);
  const std::string text = base::FormatTime(base::EventTime::Micros(rest * kMicrosPerDay));
  int64_t year = 0;
  std::from_chars(text.data(), text.data() + 4, year);
  return fmt::format("{:04}{}", year + era * 400, text.substr(4, 6));
}

}  // namespace

void AppendScalar(std::string_view text, TimestampUnit unit, ColumnBuffer* out) {
  const Kind kind = out->type().kind();
  if (kind == Kind::kString) return AppendString(text, out);
  if (kind == Kind::kBytes) return AppendBytes(text, out);
  text = Trimmed(text);
  switch (kind) {
    case Kind::kBool:
      return AppendBool(text, out);
    case Kind::kFloat32:
    case Kind::kFloat64:
      return AppendFloat(text, kind, out);
    case Kind::kTimestamp:
      return AppendTimestamp(text, unit, out);
    case Kind::kDate:
      return AppendDate(text, out);
    case Kind::kUInt64:
      return AppendUInt64(text, out);
    default:
      MILLRACE_CHECK(out->type().is_integer());
      return AppendInteger(text, kind, out);
  }
}

bool IsUtf8(std::string_view text) {
  static const bool ready = [] {
    arrow::util::InitializeUTF8();
    return true;
  }();
  return ready && arrow::util::ValidateUTF8(text);
}

std::optional<int64_t> MicrosOf(int64_t value, TimestampUnit unit) {
  int64_t micros = 0;
  switch (unit) {
    case TimestampUnit::kNone:
      return std::nullopt;
    case TimestampUnit::kSeconds:
      if (__builtin_mul_overflow(value, int64_t{1'000'000}, &micros)) return std::nullopt;
      return micros;
    case TimestampUnit::kMillis:
      if (__builtin_mul_overflow(value, int64_t{1'000}, &micros)) return std::nullopt;
      return micros;
    case TimestampUnit::kMicros:
      return value;
    case TimestampUnit::kNanos:
      return base::FloorDiv(value, 1'000);
  }
  return std::nullopt;
}

std::optional<int64_t> CountOf(std::string_view text, TimestampUnit unit) {
  const auto time = base::ParseTime(text);
  if (!time.ok()) return std::nullopt;
  // What the time has lost: digits past the sixth of the fraction, of which a time has but one.
  const size_t point = std::min(text.find_first_of(".,"), text.size());
  const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  int64_t nanos = 0;
  for (size_t i = 6; i < fraction.size() && fraction[i] >= '0' && fraction[i] <= '9'; ++i) {
    const int64_t digit = fraction[i] - '0';
    if (digit != 0 && (unit != TimestampUnit::kNanos || i >= 9)) return std::nullopt;
    if (i < 9) nanos += digit * (i == 6 ? 100 : (i == 7 ? 10 : 1));
  }
  const int64_t micros = time->micros();
  int64_t count = 0;
  switch (unit) {
    case TimestampUnit::kNone:
      return std::nullopt;
    case TimestampUnit::kSeconds:
      if (micros % 1'000'000 != 0) return std::nullopt;
      return micros / 1'000'000;
    case TimestampUnit::kMillis:
      if (micros % 1'000 != 0) return std::nullopt;
      return micros / 1'000;
    case TimestampUnit::kMicros:
      return micros;
    case TimestampUnit::kNanos:
      if (__builtin_mul_overflow(micros, int64_t{1'000}, &count) ||
          __builtin_add_overflow(count, nanos, &count)) {
        return std::nullopt;
      }
      return count;
  }
  return std::nullopt;
}

bool FitsFloat32(double value) {
  return !std::isfinite(value) || std::isfinite(static_cast<float>(value));
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<int>(c));
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

namespace {

// A cell inside JSON text; a map's key is always a string.
void AppendJson(const Column& column, int64_t row, bool is_key, std::string* out) {
  if (!column.valid(row)) {
    out->append(is_key ? "\"\"" : "null");
    return;
  }
  const Physical physical = column.type.physical();
  const Kind kind = column.type.kind();
  const bool plain = physical == Physical::kBool || column.type.is_integer() ||
                     (physical == Physical::kFloat && std::isfinite(column.floats[row]));
  if (physical == Physical::kList || physical == Physical::kMap || (plain && !is_key)) {
    return AppendCellText(column, row, out);
  }
  if (kind == Kind::kString) return AppendJsonString(column.strings[row], out);
  out->push_back('"');
  AppendCellText(column, row, out);
  out->push_back('"');
}

void AppendNested(const Column& column, int64_t row, std::string* out) {
  const bool is_map = column.type.physical() == Physical::kMap;
  out->push_back(is_map ? '{' : '[');
  for (int64_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
    if (i > column.offsets[row]) out->append(", ");
    AppendJson(column.children[0], i, is_map, out);
    if (!is_map) continue;
    out->append(": ");
    AppendJson(column.children[1], i, false, out);
  }
  out->push_back(is_map ? '}' : ']');
}

}  // namespace

void AppendCellText(const Column& column, int64_t row, std::string* out) {
  switch (column.type.physical()) {
    case Physical::kNone:
      return;
    case Physical::kBool:
      out->append(column.bools[row] != 0 ? "true" : "false");
      return;
    case Physical::kUInt:
      fmt::format_to(std::back_inserter(*out), "{}", column.uints[row]);
      return;
    case Physical::kFloat:
      columns::AppendFloatText(column.floats[row], out);
      return;
    case Physical::kString:
      out->append(column.type.kind() == Kind::kBytes
                      ? arrow::util::base64_encode(column.strings[row])
                      : std::string(column.strings[row]));
      return;
    case Physical::kList:
    case Physical::kMap:
      return AppendNested(column, row, out);
    case Physical::kInt:
      break;
  }
  const int64_t value = column.ints[row];
  if (column.type.kind() == Kind::kTimestamp) {
    out->append(base::FormatTime(base::EventTime::Micros(value)));
  } else if (column.type.kind() == Kind::kDate) {
    out->append(DateText(value));
  } else {
    fmt::format_to(std::back_inserter(*out), "{}", value);
  }
}

}  // namespace millrace::sources
