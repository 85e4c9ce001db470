// mode, top_k: by count descending, then value ascending; histogram: keys ascending.
#include <algorithm>

#include "reference/aggregate.h"
#include "reference/value_order.h"

namespace millrace::reference {

Cell Frequency(const Question& q) {
  if (q.rows.empty()) return {};
  ValueMap<int64_t> counts;
  for (const Row& row : q.rows) ++counts[row.value];
  if (q.call.function == "histogram") {
    columns::MapValue map;
    for (const auto& [value, count] : counts) map.emplace_back(value, Value(count));
    return Value(map);
  }
  std::vector<std::pair<Value, int64_t>> ranked(counts.begin(), counts.end());
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    if (a.second != b.second) return a.second > b.second;
    return columns::Compare(a.first, b.first) < 0;
  });
  if (q.call.function == "mode") return ranked.front().first;
  columns::ListValue top;
  for (const auto& [value, count] : ranked) {
    if (static_cast<int64_t>(top.size()) < IntParameter(q)) top.push_back(value);
  }
  return Value(top);
}

}  // namespace millrace::reference
