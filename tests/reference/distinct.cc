// nunique, collect_distinct: a sorted list of what differs in the order of values.
#include "reference/aggregate.h"
#include "reference/value_order.h"

namespace millrace::reference {

Cell Distinct(const Question& q) {
  ValueSet distinct;
  for (const Row& row : q.rows) distinct.insert(row.value);
  if (q.call.function == "nunique") return Value(static_cast<int64_t>(distinct.size()));
  if (q.rows.empty()) return {};
  return Value(columns::ListValue(distinct.begin(), distinct.end()));
}

}  // namespace millrace::reference
