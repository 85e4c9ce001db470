// count(): rows; count(x): rows whose x is not null (the caller has dropped the others);
// count_if(b): rows whose b is true.
#include "reference/aggregate.h"

namespace millrace::reference {

Cell Count(const Question& q) {
  int64_t count = 0;
  for (const Row& row : q.rows) {
    if (q.call.function == "count_if" && !row.value.as_bool()) continue;
    ++count;
  }
  return Value(count);
}

}  // namespace millrace::reference
