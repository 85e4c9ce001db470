// The table of all aggregate functions, and the checks that are the same for each of them.
#include "aggregate/registry.h"

#include <algorithm>

#include "aggregate/families.h"

namespace millrace::aggregate {
namespace {

struct Registered {
  Function function;
  Maker* make;
};

constexpr bool kPlain = false;
constexpr bool kDuration = true;

// In byte order of the names.
constexpr Registered kTable[] = {
    {{"all", "all(x: bool) -> bool", 1, 1, 0, kPlain}, MakeAll},
    {{"any", "any(x: bool) -> bool", 1, 1, 0, kPlain}, MakeAny},
    {{"approx_nunique", "approx_nunique(x: ordered) -> int64", 1, 1, 0, kPlain}, MakeApproxNunique},
    {{"approx_percentile", "approx_percentile(x: number, p: float64) -> float64", 1, 1, 1, kPlain},
     MakeApproxPercentile},
    {{"avg", "avg(x: number) -> float64", 1, 1, 0, kPlain}, MakeAvg},
    {{"collect_distinct", "collect_distinct(x: ordered T) -> list<T>", 1, 1, 0, kPlain},
     MakeCollectDistinct},
    {{"count", "count([x: any]) -> int64", 0, 1, 0, kPlain}, MakeCount},
    {{"count_if", "count_if(x: bool) -> int64", 1, 1, 0, kPlain}, MakeCountIf},
    {{"decayed_sum", "decayed_sum(x: number, half_life: duration) -> float64", 1, 1, 1, kDuration},
     MakeDecayedSum},
    {{"ewma", "ewma(x: number, half_life: duration) -> float64", 1, 1, 1, kDuration}, MakeEwma},
    {{"first", "first(x: T) -> T", 1, 1, 0, kPlain}, MakeFirst},
    {{"first_k", "first_k(x: T, k: int64) -> list<T>", 1, 1, 1, kPlain}, MakeFirstK},
    {{"histogram", "histogram(x: ordered T) -> map<T, int64>", 1, 1, 0, kPlain}, MakeHistogram},
    {{"kurtosis", "kurtosis(x: number) -> float64", 1, 1, 0, kPlain}, MakeKurtosis},
    {{"last", "last(x: T) -> T", 1, 1, 0, kPlain}, MakeLast},
    {{"last_k", "last_k(x: T, k: int64) -> list<T>", 1, 1, 1, kPlain}, MakeLastK},
    {{"max", "max(x: ordered T) -> T", 1, 1, 0, kPlain}, MakeMax},
    {{"mean_gap", "mean_gap() -> float64", 0, 0, 0, kPlain}, MakeMeanGap},
    {{"min", "min(x: ordered T) -> T", 1, 1, 0, kPlain}, MakeMin},
    {{"mode", "mode(x: ordered T) -> T", 1, 1, 0, kPlain}, MakeMode},
    {{"nunique", "nunique(x: ordered) -> int64", 1, 1, 0, kPlain}, MakeNunique},
    {{"percentile", "percentile(x: number, p: float64) -> float64", 1, 1, 1, kPlain},
     MakePercentile},
    {{"skewness", "skewness(x: number) -> float64", 1, 1, 0, kPlain}, MakeSkewness},
    {{"stddev", "stddev(x: number) -> float64", 1, 1, 0, kPlain}, MakeStddev},
    {{"stddev_pop", "stddev_pop(x: number) -> float64", 1, 1, 0, kPlain}, MakeStddevPop},
    {{"sum", "sum(x: integer) -> int64, sum(x: float) -> float64", 1, 1, 0, kPlain}, MakeSum},
    {{"time_since_last", "time_since_last() -> float64", 0, 0, 0, kPlain}, MakeTimeSinceLast},
    {{"top_k", "top_k(x: ordered T, k: int64) -> list<T>", 1, 1, 1, kPlain}, MakeTopK},
    {{"var", "var(x: number) -> float64", 1, 1, 0, kPlain}, MakeVar},
    {{"var_pop", "var_pop(x: number) -> float64", 1, 1, 0, kPlain}, MakeVarPop},
    {{"vector_avg", "vector_avg(v: vector<float32, N>) -> vector<float32, N>", 1, 1, 0, kPlain},
     MakeVectorAvg},
    {{"vector_recency_avg",
      "vector_recency_avg(v: vector<float32, N>, k: int64) -> vector<float32, N>", 1, 1, 1, kPlain},
     MakeVectorRecencyAvg},
};

const Registered* Find(std::string_view name) {
  const auto* found = std::ranges::lower_bound(
      kTable, name, {}, [](const Registered& entry) { return entry.function.name; });
  return found != std::end(kTable) && found->function.name == name ? found : nullptr;
}

base::Status WrongArguments(const Function& function, const std::string& found) {
  return base::Error({.code = base::codes::kWrongArguments,
                      .message = std::string(function.name) + ": " + found,
                      .hint = "it is " + std::string(function.signature)});
}

}  // namespace

const std::vector<Function>& Functions() {
  static const auto* functions = [] {
    auto* all = new std::vector<Function>();
    for (const Registered& entry : kTable) all->push_back(entry.function);
    return all;
  }();
  return *functions;
}

const Function* FindFunction(std::string_view name) {
  const Registered* found = Find(name);
  return found == nullptr ? nullptr : &found->function;
}

base::Result<std::shared_ptr<const Aggregate>> Make(const Call& call) {
  const Registered* found = Find(call.function);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const Registered& entry : kTable) names.emplace_back(entry.function.name);
    return base::Error({.code = base::codes::kUnknownName,
                        .message = "there is no aggregate function '" + call.function + "'",
                        .hint = base::NearestHint(call.function, names)});
  }
  const Function& function = found->function;
  const int inputs = call.input.is_null() ? 0 : 1;
  if (inputs < function.inputs_min) return WrongArguments(function, "it needs an input");
  if (inputs > function.inputs_max) return WrongArguments(function, "it takes no input");
  if (static_cast<int>(call.parameters.size()) != function.parameters) {
    return WrongArguments(function, "it takes " + std::to_string(function.parameters) +
                                        " parameters after its input, found " +
                                        std::to_string(call.parameters.size()));
  }
  return found->make(call);
}

}  // namespace millrace::aggregate
