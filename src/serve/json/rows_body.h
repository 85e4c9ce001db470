// RowsBody: `df` of a push or write, columns of JSON values, as JSON lines: one object per row.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "features/plan.h"
#include "serve/json/body_fields.h"

namespace millrace::serve {

// What becomes of a column of `df` in the rows.
struct RowField {
  std::string name;  // "": it is left out
  // Times of Feast's clients, in lists too: a whole number is seconds since 1970; the smallest
  // int64, and "NaT", are null.
  bool feast_times = false;
  // Not kNone, beside feast_times: such times are written as integers that count it.
  features::TimestampUnit unit = features::TimestampUnit::kNone;
};
using RowFieldOf = std::function<RowField(std::string_view column)>;

// Errors: missing_field (there is no df), bad_value (no object of lists of one length, a column
// twice, a time that its field's unit does not hold), too_large (over `rows_max`).
base::Result<std::vector<std::string>> RowsOf(const BodyFields& fields, const RowFieldOf& field_of,
                                              int64_t rows_max);

}  // namespace millrace::serve
