// min, max: by the order of values, in which NaN is the largest number.
#include "reference/aggregate.h"

namespace millrace::reference {

Cell MinMax(const Question& q) {
  if (q.rows.empty()) return {};
  const bool want_max = q.call.function == "max";
  Value best = q.rows[0].value;
  for (const Row& row : q.rows) {
    auto order = columns::Compare(row.value, best);
    if (want_max ? order > 0 : order < 0) best = row.value;
  }
  return best;
}

}  // namespace millrace::reference
