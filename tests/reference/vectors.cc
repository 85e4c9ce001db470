// vector_avg: per component the exact sum, rounded, / n, to float32. vector_recency_avg: the newest
// k events with weights exp(-1 + i/(n-1)).
#include <sleef.h>

#include <algorithm>

#include "reference/aggregate.h"

namespace millrace::reference {
namespace {

Value Float32(double x) {
  return static_cast<double>(static_cast<float>(x));
}

}  // namespace

Cell VectorAverage(const Question& q) {
  if (q.rows.empty()) return {};
  const auto n = static_cast<double>(q.rows.size());
  columns::ListValue result;
  for (int component = 0; component < q.call.input.vector_size(); ++component) {
    ExactSum sum;
    for (const Row& row : q.rows) {
      sum.Add(row.value.as_list()[static_cast<size_t>(component)].as_float());
    }
    result.push_back(Float32(sum.Round() / n));
  }
  return Value(result);
}

Cell VectorRecency(const Question& q) {
  columns::ListValue result;
  const size_t n = std::min(static_cast<size_t>(IntParameter(q)), q.rows.size());
  for (int component = 0; component < q.call.input.vector_size(); ++component) {
    if (n == 0) {
      result.push_back(0.0);
      continue;
    }
    ExactSum weighted;
    ExactSum weights;
    for (size_t i = 0; i < n; ++i) {
      double w = 1;
      if (n > 1) {
        w = Sleef_cinz_expd1_u10purec(-1.0 + static_cast<double>(i) / static_cast<double>(n - 1));
      }
      const Row& row = q.rows[q.rows.size() - n + i];
      weighted.Add(w * row.value.as_list()[static_cast<size_t>(component)].as_float());
      weights.Add(w);
    }
    result.push_back(Float32(weighted.Round() / weights.Round()));
  }
  return Value(result);
}

}  // namespace millrace::reference
