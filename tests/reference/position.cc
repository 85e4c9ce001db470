// first, last, first_k, last_k: by (event time, created, value); lists oldest first.
#include <algorithm>

#include "reference/aggregate.h"

namespace millrace::reference {

Cell Position(const Question& q) {
  if (q.rows.empty()) return {};
  const std::string& f = q.call.function;
  if (f == "first") return q.rows.front().value;
  if (f == "last") return q.rows.back().value;
  const size_t k = std::min(static_cast<size_t>(IntParameter(q)), q.rows.size());
  const size_t begin = f == "first_k" ? 0 : q.rows.size() - k;
  columns::ListValue list;
  for (size_t i = begin; i < begin + k; ++i) list.push_back(q.rows[i].value);
  return Value(list);
}

}  // namespace millrace::reference
