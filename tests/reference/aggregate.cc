// Which family answers which function, and the conversions they share.
#include "reference/aggregate.h"

#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "base/check.h"

namespace millrace::reference {

double AsFloat(const Value& value) {
  if (value.holds_float()) return value.as_float();
  if (value.holds_uint()) return static_cast<double>(value.as_uint());
  return static_cast<double>(value.as_int());
}

Int ScaledNumber(const Value& value) {
  if (value.holds_float()) return Scaled(value.as_float());
  Int whole = value.holds_uint() ? Int(value.as_uint()) : Int(value.as_int());
  return whole << kScaleBits;
}

Value Canonical(const Value& value) {
  if (value.holds_float()) {
    double x = value.as_float();
    if (std::isnan(x)) return std::numeric_limits<double>::quiet_NaN();
    return x == 0 ? 0.0 : x;
  }
  if (value.holds_list()) {
    columns::ListValue list;
    for (const Value& element : value.as_list()) list.push_back(Canonical(element));
    return list;
  }
  if (value.holds_map()) {
    columns::MapValue map;
    for (const auto& [key, entry] : value.as_map()) {
      map.emplace_back(Canonical(key), Canonical(entry));
    }
    return map;
  }
  return value;
}

int64_t IntParameter(const Question& q) {
  return q.call.parameters.at(0).as_int();
}
double FloatParameter(const Question& q) {
  return AsFloat(q.call.parameters.at(0));
}

Cell Aggregate(const Question& question) {
  static const std::map<std::string, Cell (*)(const Question&)> kFamilies = {
      {"all", AnyAll},
      {"any", AnyAll},
      {"approx_nunique", ApproxDistinct},
      {"approx_percentile", ApproxPercentile},
      {"avg", Avg},
      {"collect_distinct", Distinct},
      {"count", Count},
      {"count_if", Count},
      {"decayed_sum", Decay},
      {"ewma", Decay},
      {"first", Position},
      {"first_k", Position},
      {"histogram", Frequency},
      {"kurtosis", Kurtosis},
      {"last", Position},
      {"last_k", Position},
      {"max", MinMax},
      {"mean_gap", MeanGap},
      {"min", MinMax},
      {"mode", Frequency},
      {"nunique", Distinct},
      {"percentile", Percentile},
      {"skewness", Skewness},
      {"stddev", Variance},
      {"stddev_pop", Variance},
      {"sum", Sum},
      {"time_since_last", TimeSinceLast},
      {"top_k", Frequency},
      {"var", Variance},
      {"var_pop", Variance},
      {"vector_avg", VectorAverage},
      {"vector_recency_avg", VectorRecency},
  };
  auto family = kFamilies.find(question.call.function);
  MILLRACE_CHECK(family != kFamilies.end());
  Cell result = family->second(question);
  if (result.cell == columns::kValid) result.value = Canonical(result.value);
  return result;
}

}  // namespace millrace::reference
