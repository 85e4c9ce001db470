// Events lie by event time, so a window is a range of them; every row in it is judged by itself.
#include "jobs/explain/plain_value.h"

#include <algorithm>
#include <memory>
#include <optional>

namespace millrace::jobs {

using base::EventTime;
using columns::Column;

namespace {

std::optional<EventTime> KnownAt(const KeyEvents& events, int64_t row, const AskedWindow& asked) {
  return asked.ignore_created ? std::nullopt : events.created(row);
}

// The rows with event times in the span.
struct Range {
  int64_t first;
  int64_t last;
};

Range RowsIn(const KeyEvents& events, const window::Span& span) {
  const auto begin = events.times().begin();
  const auto first = std::lower_bound(begin, events.times().end(), span.begin);
  const auto last = std::lower_bound(first, events.times().end(), span.end);
  return {first - begin, last - begin};
}

}  // namespace

Against JudgeRow(const features::Feature& feature, const KeyEvents& events, int64_t row,
                 const AskedWindow& asked) {
  if (!events.kept(row)) return Against::kVerdict;
  const EventTime time = events.times()[row];
  if (time < asked.span.begin) return Against::kBefore;
  if (time >= asked.span.end) return Against::kAfter;
  if (!window::CountsAt(time, KnownAt(events, row, asked), asked.at, asked.span)) {
    return Against::kUnknown;
  }
  if (feature.filter >= 0) {
    const Column& filter = events.filter(feature.filter);
    if (filter.cell(row) > columns::kValid) return Against::kFilterFailed;
    const bool is_true = filter.valid(row) && filter.bools != nullptr && filter.bools[row] != 0;
    if (!is_true) return Against::kFilterNotTrue;
  }
  if (feature.input >= 0) {
    const Column& input = events.input(feature.input);
    if (input.cell(row) > columns::kValid) return Against::kInputFailed;
    if (!input.valid(row)) return Against::kInputNull;
  }
  return Against::kNothing;
}

std::vector<int64_t> CountingRows(const features::Feature& feature, const KeyEvents& events,
                                  const AskedWindow& asked) {
  std::vector<int64_t> rows;
  const Range range = RowsIn(events, asked.span);
  for (int64_t row = range.first; row < range.last; ++row) {
    if (JudgeRow(feature, events, row, asked) == Against::kNothing) rows.push_back(row);
  }
  return rows;
}

bool AnyCounts(const KeyEvents& events, const AskedWindow& asked) {
  const Range range = RowsIn(events, asked.span);
  // From the newest backwards: in most windows the first one looked at counts.
  for (int64_t row = range.last - 1; row >= range.first; --row) {
    if (events.kept(row) &&
        window::CountsAt(events.times()[row], KnownAt(events, row, asked), asked.at, asked.span)) {
      return true;
    }
  }
  return false;
}

void AppendAggregate(const features::Feature& feature, const KeyEvents& events,
                     const CountedRows& counted, columns::ColumnBuffer* cells) {
  aggregate::Input input{feature.input >= 0 ? events.input(feature.input) : Column{},
                         events.times().data(),
                         events.created().empty() ? nullptr : events.created().data()};
  input.value.size = events.size();
  const std::unique_ptr<aggregate::State> state = feature.aggregate->NewState();
  state->Update(input, counted.rows);
  state->Finalize(counted.at, cells);
}

void AppendRowCell(const KeyEvents& events, int feature, int64_t newest,
                   columns::ColumnBuffer* cells) {
  if (newest >= 0 && !events.feature(feature).type.is_null()) {
    cells->AppendFrom(events.feature(feature), newest);
  } else {
    cells->AppendNull();
  }
}

void AppendRowTime(const KeyEvents& events, int64_t newest, columns::ColumnBuffer* cells) {
  if (newest >= 0) {
    cells->AppendInt(events.times()[newest].micros());
  } else {
    cells->AppendNull();
  }
}

}  // namespace millrace::jobs
