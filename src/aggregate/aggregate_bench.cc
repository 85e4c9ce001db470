// Nanoseconds an event: State::Update in batches of 256, and Slides over one key with a window of
// 1000 events and a question every 8 events.
#include <benchmark/benchmark.h>

#include <random>

#include "aggregate/registry.h"
#include "base/check.h"

namespace millrace::aggregate {
namespace {

using columns::Kind;

constexpr int64_t kRows = 1 << 17;

struct Events {
  columns::ColumnBuffer values{Kind::kFloat64};
  std::vector<base::EventTime> times;
  std::vector<int64_t> rows;
  std::vector<int64_t> shuffled;  // entering up to 100 rows late

  Events() {
    std::mt19937_64 random(1);
    std::vector<std::pair<int64_t, int64_t>> late;
    for (int64_t i = 0; i < kRows; ++i) {
      values.AppendFloat(static_cast<double>(random() % 100'000) / 100);
      times.push_back(base::EventTime::Micros(i * 1'000'000));
      rows.push_back(i);
      late.emplace_back(i + static_cast<int64_t>(random() % 100), i);
    }
    std::ranges::sort(late);
    for (const auto& [order, row] : late) shuffled.push_back(row);
  }
  Input input() const {
    return {.value = values.View(), .times = times.data(), .created = nullptr};
  }
};

const Events& AllEvents() {
  static const auto* events = new Events();
  return *events;
}

std::shared_ptr<const Aggregate> Bound(const std::string& name) {
  const Function* function = FindFunction(name);
  MILLRACE_CHECK(function != nullptr);
  Call call{.function = name, .input = Kind::kFloat64, .parameters = {}};
  if (function->inputs_max == 0) call.input = Kind::kNull;
  if (function->duration_parameter) {
    call.parameters = {int64_t{3'600'000'000}};
  } else if (function->parameters > 0) {
    call.parameters = {name.ends_with("percentile") ? columns::Value(0.9)
                                                    : columns::Value(int64_t{5})};
  }
  return Make(call).ValueOrDie();
}

void Update(benchmark::State& bench, const std::string& name) {
  const Events& events = AllEvents();
  const auto aggregate = Bound(name);
  const Input input = events.input();
  for (auto _ : bench) {
    const auto state = aggregate->NewState();
    for (int64_t begin = 0; begin < kRows; begin += 256) {
      state->Update(input, std::span(events.rows).subspan(static_cast<size_t>(begin), 256));
    }
    benchmark::DoNotOptimize(state.get());
  }
  bench.SetItemsProcessed(bench.iterations() * kRows);
}

void SlideOver(benchmark::State& bench, const std::string& name, bool late) {
  constexpr int64_t kInside = 1000;
  const Events& events = AllEvents();
  const auto aggregate = Bound(name);
  const auto slide = aggregate->NewSlide();
  std::vector<Walk::Step> steps;
  for (int64_t i = 8; i <= kRows; i += 8) {
    steps.push_back(
        {events.times[static_cast<size_t>(i - 1)], i, std::max<int64_t>(0, i - kInside)});
  }
  const Walk walk{
      .enter = late ? events.shuffled : events.rows, .leave = events.rows, .steps = steps};
  for (auto _ : bench) {
    columns::ColumnBuffer out(aggregate->result_type());
    slide->Run(events.input(), walk, &out);
    benchmark::DoNotOptimize(out.size());
  }
  bench.SetItemsProcessed(bench.iterations() * kRows);
}

bool RegisterAll() {
  for (const char* name :
       {"count", "sum", "avg", "var", "kurtosis", "min", "nunique", "approx_nunique", "last",
        "mode", "percentile", "approx_percentile", "ewma", "mean_gap"}) {
    benchmark::RegisterBenchmark((std::string("update/") + name).c_str(),
                                 [name](benchmark::State& bench) { Update(bench, name); });
    benchmark::RegisterBenchmark(
        (std::string("slide/") + name).c_str(),
        [name](benchmark::State& bench) { SlideOver(bench, name, false); });
    benchmark::RegisterBenchmark((std::string("slide_late/") + name).c_str(),
                                 [name](benchmark::State& bench) { SlideOver(bench, name, true); });
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = RegisterAll();

}  // namespace
}  // namespace millrace::aggregate
