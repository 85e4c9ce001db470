// Arrow dates and timestamps of any unit -> days and microseconds.
#include <arrow/array.h>

#include "base/time.h"
#include "columns/from_arrow_internal.h"

namespace millrace::columns::from_arrow {

base::Status FillDate(const arrow::Array& array, const Type& type, Converted* out, Column* view) {
  if (array.type_id() == arrow::Type::DATE32) {
    Widen<int32_t>(array, &out->ints);
  } else if (array.type_id() == arrow::Type::DATE64) {
    Widen<int64_t>(array, &out->ints);
    for (int64_t& v : out->ints) v = base::FloorDiv(v, 86'400'000);
  } else {
    return Mismatch(*array.type(), type);
  }
  view->ints = out->ints.data();
  return base::Status::OK();
}

static void FillScaledTimes(const int64_t* values, int64_t scale, Converted* out, Column* view) {
  out->ints.resize(static_cast<size_t>(view->size));
  for (int64_t i = 0; i < view->size; ++i) {
    if (!view->valid(i)) continue;
    if (__builtin_mul_overflow(values[i], scale, &out->ints[i])) MarkCell(i, kBadCast, out, view);
  }
}

base::Status FillTimestamp(const arrow::Array& array, const Type& type, Converted* out,
                           Column* view) {
  if (array.type_id() == arrow::Type::DATE32 || array.type_id() == arrow::Type::DATE64) {
    ARROW_RETURN_NOT_OK(FillDate(array, type, out, view));
    const std::vector<int64_t> days = out->ints;
    FillScaledTimes(days.data(), base::Duration::Days(1).micros(), out, view);
    view->ints = out->ints.data();
    return base::Status::OK();
  }
  if (array.type_id() != arrow::Type::TIMESTAMP) return Mismatch(*array.type(), type);
  const int64_t* values = array.data()->GetValues<int64_t>(1);
  switch (static_cast<const arrow::TimestampType&>(*array.type()).unit()) {
    case arrow::TimeUnit::MICRO:
      view->ints = values;
      return base::Status::OK();
    case arrow::TimeUnit::NANO:
      out->ints.resize(static_cast<size_t>(array.length()));
      for (int64_t i = 0; i < array.length(); ++i) out->ints[i] = base::FloorDiv(values[i], 1'000);
      break;
    case arrow::TimeUnit::MILLI:
      FillScaledTimes(values, 1'000, out, view);
      break;
    case arrow::TimeUnit::SECOND:
      FillScaledTimes(values, 1'000'000, out, view);
      break;
  }
  view->ints = out->ints.data();
  return base::Status::OK();
}

}  // namespace millrace::columns::from_arrow
