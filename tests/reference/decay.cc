// decayed_sum, ewma: k_i = floor(ts_i / h), y_i = x_i * exp2((ts_i mod h) / h), S the exact sum of
// y_i * 2^k_i, K = floor(t / h); only events with K - k_i <= 1024 count.
#include <sleef.h>

#include <vector>

#include "base/time.h"
#include "reference/aggregate.h"

namespace millrace::reference {
namespace {

constexpr int64_t kHalfLivesMax = 1024;

double FractionOfHalfLife(int64_t time, int64_t h) {
  return static_cast<double>(base::FloorMod(time, h)) / static_cast<double>(h);
}

}  // namespace

Cell Decay(const Question& q) {
  const int64_t h = IntParameter(q);
  const int64_t last = base::FloorDiv(q.as_of, h);
  ExactSum values;
  ExactSum weights;
  bool any = false;
  for (const Row& row : q.rows) {
    const int64_t age = last - base::FloorDiv(row.time, h);
    if (age > kHalfLivesMax) continue;
    any = true;
    const double growth = Sleef_cinz_exp2d1_u10purec(FractionOfHalfLife(row.time, h));
    // Everything 2^1024 too large, so that the shifts are whole.
    values.Add(AsFloat(row.value) * growth, kHalfLivesMax - age);
    weights.Add(growth, kHalfLivesMax - age);
  }
  if (!any) return {};
  const double sum = values.Round(kHalfLivesMax);
  if (q.call.function == "ewma") return Value(sum / weights.Round(kHalfLivesMax));
  return Value(sum * Sleef_cinz_exp2d1_u10purec(-FractionOfHalfLife(q.as_of, h)));
}

}  // namespace millrace::reference
