// sum: exact, then int64 (an error when it does not fit) or one rounding; avg: the exact sum
// rounded to float64, divided by float64(n).
#include <limits>

#include "reference/aggregate.h"

namespace millrace::reference {
namespace {

Int WholeSum(const Question& q) {
  Int sum = 0;
  for (const Row& row : q.rows) {
    sum += row.value.holds_uint() ? Int(row.value.as_uint()) : Int(row.value.as_int());
  }
  return sum;
}

double FloatSum(const Question& q) {
  ExactSum sum;
  for (const Row& row : q.rows) sum.Add(row.value.as_float());
  return sum.Round();
}

}  // namespace

Cell Sum(const Question& q) {
  if (q.rows.empty()) return {};
  if (!q.call.input.is_integer()) return Value(FloatSum(q));
  Int sum = WholeSum(q);
  if (sum < std::numeric_limits<int64_t>::min() || sum > std::numeric_limits<int64_t>::max()) {
    return Cell::Error(columns::kIntegerOverflow);
  }
  return Value(static_cast<int64_t>(sum));
}

Cell Avg(const Question& q) {
  if (q.rows.empty()) return {};
  double sum = q.call.input.is_integer() ? RoundQuotient(WholeSum(q), 1) : FloatSum(q);
  return Value(sum / static_cast<double>(q.rows.size()));
}

}  // namespace millrace::reference
