// The aggregate functions of docs/semantics.md as loops over rows: no state, no sharing with
// src/aggregate; one file per family. Called by the reference engine with the rows that count.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "aggregate/registry.h"
#include "columns/column.h"
#include "columns/value.h"
#include "reference/exact.h"

namespace millrace::reference {

using columns::Type;
using columns::Value;

// One cell of a row or a result: a value, null (cell kNullCell), or an evaluation error.
struct Cell {
  Value value;
  uint8_t cell = columns::kNullCell;

  Cell() = default;
  Cell(Value v)  // NOLINT(google-explicit-constructor): a value is a cell
      : value(std::move(v)), cell(value.is_null() ? columns::kNullCell : columns::kValid) {}
  static Cell Error(uint8_t code) {
    Cell result;
    result.cell = code;
    return result;
  }
  bool is_error() const { return cell > columns::kValid; }
};

// A row that counts: in the window, known, filter true, input not null.
struct Row {
  int64_t time = 0;  // microseconds
  std::optional<int64_t> created;
  Value value;  // null when the function has no input
};

// What a family gets: the call, the rows in the order (time, created, value), and t.
struct Question {
  const aggregate::Call& call;
  const std::vector<Row>& rows;
  int64_t as_of;
};

// The value of call.function, canonical (NaN, zero); an integer sum may be an error.
Cell Aggregate(const Question& question);

// The families.
Cell Count(const Question& q);             // count.cc: count, count_if
Cell Sum(const Question& q);               // sum.cc
Cell Avg(const Question& q);               // sum.cc
Cell MinMax(const Question& q);            // min_max.cc
Cell Variance(const Question& q);          // moments.cc: var, var_pop, stddev, stddev_pop
Cell Skewness(const Question& q);          // moments.cc
Cell Kurtosis(const Question& q);          // moments.cc
Cell Distinct(const Question& q);          // distinct.cc: nunique, collect_distinct
Cell ApproxDistinct(const Question& q);    // approx_distinct.cc
Cell Position(const Question& q);          // position.cc: first, last, first_k, last_k
Cell Frequency(const Question& q);         // frequency.cc: mode, top_k, histogram
Cell Percentile(const Question& q);        // percentile.cc
Cell ApproxPercentile(const Question& q);  // percentile.cc
Cell AnyAll(const Question& q);            // any_all.cc
Cell Decay(const Question& q);             // decay.cc: decayed_sum, ewma
Cell TimeSinceLast(const Question& q);     // gaps.cc
Cell MeanGap(const Question& q);           // gaps.cc
Cell VectorAverage(const Question& q);     // vectors.cc
Cell VectorRecency(const Question& q);     // vectors.cc

// A number of any kind as float64, rounded where it must be.
double AsFloat(const Value& value);
// A number times 2^1074, exactly.  REQUIRES: neither NaN nor infinite.
Int ScaledNumber(const Value& value);
// Floats, list elements and map entries with one NaN and +0.0.
Value Canonical(const Value& value);
// Constants of the call: k, p, h.
int64_t IntParameter(const Question& q);
double FloatParameter(const Question& q);

}  // namespace millrace::reference
