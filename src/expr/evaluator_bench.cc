// What a node costs, on one row and on a batch.
#include <benchmark/benchmark.h>

#include "expr/evaluator.h"

namespace millrace::expr {
namespace {

void Evaluate(benchmark::State& state, const char* text, int64_t nodes) {
  const int64_t rows = state.range(0);
  Scope scope;
  scope.Add("i", 0, columns::Kind::kInt64);
  scope.Add("f", 1, columns::Kind::kFloat64);
  scope.Add("s", 2, columns::Kind::kString);
  columns::ColumnBuffer ints(columns::Kind::kInt64), floats(columns::Kind::kFloat64),
      strings(columns::Kind::kString);
  for (int64_t row = 0; row < rows; ++row) {
    ints.AppendInt(row);
    floats.AppendFloat(static_cast<double>(row) * 0.25);
    strings.AppendString("category " + std::to_string(row % 100));
  }
  const columns::Column batch[] = {ints.View(), floats.View(), strings.View()};
  Evaluator evaluator(*Expression::Make(text, scope));
  for (auto _ : state) benchmark::DoNotOptimize(evaluator.Run(batch, rows).cells);
  state.counters["per_node"] = benchmark::Counter(
      static_cast<double>(nodes * rows),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// The last number: how many operators and functions a row goes through.
BENCHMARK_CAPTURE(Evaluate, arithmetic, "i * 2 + i % 7 - i div 3", 5)->Arg(1)->Arg(1'000);
BENCHMARK_CAPTURE(Evaluate, ratio, "f / greatest(i / 4.28, 1)", 4)->Arg(1)->Arg(1'000);
BENCHMARK_CAPTURE(Evaluate, condition, "case when i > 10 and f < 5.0 then f else 0.0 end", 4)
    ->Arg(1)
    ->Arg(1'000);
BENCHMARK_CAPTURE(Evaluate, text, "s || '_' || upper(s)", 3)->Arg(1)->Arg(1'000);
BENCHMARK_CAPTURE(Evaluate, power, "exp(f * -0.01) + power(f, 0.5)", 4)->Arg(1)->Arg(1'000);

}  // namespace
}  // namespace millrace::expr
