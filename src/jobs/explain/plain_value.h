// Stored values by a plain loop over one key's events: which of them count, what an aggregate's
// State makes of those, which row of a snapshot view stands. Shares nothing with the sweep, so that
// it can testify against it. Called by explain and verify.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/plan.h"
#include "jobs/explain/key_events.h"
#include "window/window.h"

namespace millrace::jobs {

struct AskedWindow {
  window::Span span;  // of event times
  base::EventTime at;
  bool ignore_created = false;
};

// The first reason why a row does not count.
enum class Against : uint8_t {
  kNothing,
  kVerdict,  // the view does not keep it
  kBefore,
  kAfter,
  kUnknown,  // not known at that time
  kFilterFailed,
  kFilterNotTrue,
  kInputFailed,
  kInputNull,
};

// REQUIRES: `feature` is an aggregate of the events' view.
Against JudgeRow(const features::Feature& feature, const KeyEvents& events, int64_t row,
                 const AskedWindow& asked);
// The rows that count, by event time.
std::vector<int64_t> CountingRows(const features::Feature& feature, const KeyEvents& events,
                                  const AskedWindow& asked);
// Whether any kept event counts, whatever filters and inputs are.
bool AnyCounts(const KeyEvents& events, const AskedWindow& asked);

struct CountedRows {
  std::span<const int64_t> rows;
  base::EventTime at;
};

// Appends what the aggregate makes of the rows, unsettled.
void AppendAggregate(const features::Feature& feature, const KeyEvents& events,
                     const CountedRows& counted, columns::ColumnBuffer* cells);
// Appends the cell of features[feature], resp. the event time, of row `newest`; null when < 0.
void AppendRowCell(const KeyEvents& events, int feature, int64_t newest,
                   columns::ColumnBuffer* cells);
void AppendRowTime(const KeyEvents& events, int64_t newest, columns::ColumnBuffer* cells);

}  // namespace millrace::jobs
