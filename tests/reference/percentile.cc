// percentile: linear between the two nearest ranks, each step rounded; approx_percentile: the
// middle of a bucket of float64 bits at the lower rank.
#include <cmath>
#include <cstring>

#include "reference/aggregate.h"
#include "reference/value_order.h"

namespace millrace::reference {
namespace {

std::vector<double> Sorted(std::vector<double> numbers) {
  auto before = [](double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
    return a < b;
  };
  std::sort(numbers.begin(), numbers.end(), before);
  return numbers;
}

// What stands for x.
double BucketValue(double x) {
  if (x == 0 || !std::isfinite(x)) return x;
  uint64_t bits = 0;
  memcpy(&bits, &x, sizeof bits);
  const uint64_t sign = bits >> 63;
  const uint64_t bucket = bits >> 46;
  if (bucket == (sign << 17)) return 0.0;
  const uint64_t middle = (bucket << 46) | (uint64_t{1} << 45);
  double value = 0;
  memcpy(&value, &middle, sizeof value);
  return value;
}

}  // namespace

Cell Percentile(const Question& q) {
  if (q.rows.empty()) return {};
  std::vector<double> x;
  for (const Row& row : q.rows) x.push_back(AsFloat(row.value));
  x = Sorted(x);
  const double h = FloatParameter(q) * static_cast<double>(x.size() - 1);
  const double k = std::floor(h);
  const auto index = static_cast<size_t>(k);
  if (h == k) return Value(x[index]);
  const double difference = x[index + 1] - x[index];
  const double step = (h - k) * difference;
  return Value(x[index] + step);
}

Cell ApproxPercentile(const Question& q) {
  if (q.rows.empty()) return {};
  std::vector<double> x;
  for (const Row& row : q.rows) x.push_back(BucketValue(AsFloat(row.value)));
  x = Sorted(x);
  const double rank = std::floor(FloatParameter(q) * static_cast<double>(x.size() - 1));
  return Value(x[static_cast<size_t>(rank)]);
}

}  // namespace millrace::reference
