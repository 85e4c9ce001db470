// CellText: one cell between its text and its type; the only place where sources reads or writes
// the text of a scalar. Called for CSV fields, JSON strings and numbers, and text columns of
// Parquet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "columns/column.h"
#include "features/plan.h"

namespace millrace::sources {

// Appends exactly one cell: the value, or kBadCast when the text is not one of the buffer's type.
// Spaces around anything but string and bytes do not count. Never null: what is null is the
// format's business.
//   bool       true, false in any case
//   integers   decimal digits with a sign; "12.0" too, "12.5" and what is out of range not
//   floats     decimal or exponent, NaN, Infinity, inf; rounded to nearest; a finite text that is
//   infinite in the
//              type is bad
//   string     as it is; not UTF-8 is bad
//   bytes      base64
//   date       ISO-8601 date, or a time at midnight UTC
//   timestamp  ISO-8601 (base/time.h); with a unit also an integer, floored to microseconds
// REQUIRES: the buffer's type is a scalar.
void AppendScalar(std::string_view text, features::TimestampUnit unit, columns::ColumnBuffer* out);

bool IsUtf8(std::string_view text);

// Microseconds since the epoch; nothing when it is no int64.
std::optional<int64_t> MicrosOf(int64_t value, features::TimestampUnit unit);

// The inverse for a time's text (ISO-8601): how many units since the epoch it is. Nothing when it
// is no time, no whole number of them, or no int64; digits past microseconds count.
std::optional<int64_t> CountOf(std::string_view time, features::TimestampUnit unit);

// Whether a float32 holds it: a finite number stays finite.
bool FitsFloat32(double value);

// Appends the text that reads back to the same valid cell: scalars as AppendScalar reads them;
// lists, maps and vectors as JSON text, in which times, dates, bytes and floats that are not finite
// are strings.
void AppendCellText(const columns::Column& column, int64_t row, std::string* out);

// Quoted and escaped as a JSON string.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace millrace::sources
