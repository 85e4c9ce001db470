// time_since_last: seconds from the newest event to t; mean_gap: mean seconds between consecutive
// events. Exact, rounded once.
#include "reference/aggregate.h"

namespace millrace::reference {

constexpr int64_t kMicrosPerSecond = 1'000'000;

Cell TimeSinceLast(const Question& q) {
  if (q.rows.empty()) return {};
  return Value(RoundQuotient(Int(q.as_of) - Int(q.rows.back().time), kMicrosPerSecond));
}

Cell MeanGap(const Question& q) {
  if (q.rows.size() < 2) return {};
  Int span = Int(q.rows.back().time) - Int(q.rows.front().time);
  return Value(RoundQuotient(span, Int(q.rows.size() - 1) * kMicrosPerSecond));
}

}  // namespace millrace::reference
