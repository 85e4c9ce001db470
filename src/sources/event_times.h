// EventTimes: a source's event-time column as times. Called by EventReader.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/plan.h"

namespace millrace::sources {

// Whether a column of the type can be an event time: timestamp, date, string (ISO-8601), or an
// integer with a declared unit. Error: type_mismatch, naming column, type and expectation.
base::Status CheckTimeColumn(const features::Field& column, features::TimestampUnit unit);

struct Times {
  std::vector<base::EventTime> times;
  // columns::Cell: kValid, kNullCell, or an error for what is no time; empty: all are valid.
  std::vector<uint8_t> cells;
};
// REQUIRES: CheckTimeColumn.
Times ReadTimes(const columns::Column& column, features::TimestampUnit unit);

}  // namespace millrace::sources
