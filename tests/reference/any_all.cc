// any, all over bools.
#include "reference/aggregate.h"

namespace millrace::reference {

Cell AnyAll(const Question& q) {
  if (q.rows.empty()) return {};
  const bool want = q.call.function == "any";
  for (const Row& row : q.rows) {
    if (row.value.as_bool() == want) return Value(want);
  }
  return Value(!want);
}

}  // namespace millrace::reference
