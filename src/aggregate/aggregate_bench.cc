// Nanoseconds an event: State::Update in batches of 256, and Slides over one key with a window of
// 1000 events. `every` is how many events lie between two questions: 1000 shows what entering and
// leaving cost, 1 what reading adds to them.
#include <benchmark/benchmark.h>

#include <random>

#include "aggregate/registry.h"
#include "aggregate/shared_slide.h"
#include "base/check.h"

namespace millrace::aggregate {
namespace {

using columns::Kind;
using columns::Type;

constexpr int64_t kRows = 1 << 17;
constexpr int32_t kWords = 5000;

enum class Words { kNone, kPlain, kCoded };

struct Events {
  columns::ColumnBuffer values{Kind::kFloat64};
  columns::ColumnBuffer words{Kind::kString};
  std::vector<int32_t> codes;
  std::vector<base::EventTime> times;
  std::vector<int64_t> rows;
  std::vector<int64_t> shuffled;  // entering up to 100 rows late

  Events() {
    std::mt19937_64 random(1);
    std::vector<std::pair<int64_t, int64_t>> late;
    for (int64_t i = 0; i < kRows; ++i) {
      values.AppendFloat(static_cast<double>(random() % 100'000) / 100);
      codes.push_back(static_cast<int32_t>(random() % kWords));
      words.AppendString("merchant number " + std::to_string(codes.back()));
      times.push_back(base::EventTime::Micros(i * 1'000'000));
      rows.push_back(i);
      late.emplace_back(i + static_cast<int64_t>(random() % 100), i);
    }
    std::ranges::sort(late);
    for (const auto& [order, row] : late) shuffled.push_back(row);
  }
  Input input(Words of) const {
    Input input{.value = of == Words::kNone ? values.View() : words.View(),
                .times = times.data(),
                .created = nullptr};
    input.value.cells = nullptr;
    if (of == Words::kCoded) {
      input.value.codes = codes.data();
      input.value.code_count = kWords;
    }
    return input;
  }
};

const Events& AllEvents() {
  static const auto* events = new Events();
  return *events;
}

std::shared_ptr<const Aggregate> Bound(const std::string& name, Type type) {
  const Function* function = FindFunction(name);
  MILLRACE_CHECK(function != nullptr);
  Call call{.function = name, .input = type, .parameters = {}};
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
  const auto aggregate = Bound(name, Kind::kFloat64);
  const Input input = events.input(Words::kNone);
  for (auto _ : bench) {
    const auto state = aggregate->NewState();
    for (int64_t begin = 0; begin < kRows; begin += 256) {
      state->Update(input, std::span(events.rows).subspan(static_cast<size_t>(begin), 256));
    }
    benchmark::DoNotOptimize(state.get());
  }
  bench.SetItemsProcessed(bench.iterations() * kRows);
}

// A window of 1000 events over all of them, with a question every `every` events.
struct Window {
  std::vector<Walk::Step> steps;

  Window(const Events& events, int64_t every) {
    constexpr int64_t kInside = 1000;
    for (int64_t i = every; i <= kRows; i += every) {
      steps.push_back(
          {events.times[static_cast<size_t>(i - 1)], i, std::max<int64_t>(0, i - kInside)});
    }
  }
  Walk walk(const Events& events, bool late) const {
    return {.enter = late ? events.shuffled : events.rows, .leave = events.rows, .steps = steps};
  }
};

struct SlideCase {
  std::string name;
  bool late = false;
  Words words = Words::kNone;
};

void SlideOver(benchmark::State& bench, const SlideCase& slid) {
  const Events& events = AllEvents();
  const Window window(events, bench.range(0));
  const auto aggregate =
      Bound(slid.name, slid.words == Words::kNone ? Kind::kFloat64 : Kind::kString);
  const auto slide = aggregate->NewSlide();
  for (auto _ : bench) {
    columns::ColumnBuffer out(aggregate->result_type());
    slide->Run(events.input(slid.words), window.walk(events, slid.late), &out);
    benchmark::DoNotOptimize(out.size());
  }
  bench.SetItemsProcessed(bench.iterations() * kRows);
}

// What a training set asks of one number, in one pass: its count, sum, avg and stddev. Over one
// key, or over keys of 100 events of which 50 are inside.
class Asked {
 public:
  Asked() {
    for (const char* name : {"count", "sum", "avg", "stddev"}) {
      bound_.push_back(Bound(name, Kind::kFloat64));
      aggregates_.push_back(bound_.back().get());
    }
    shares_ = ShareSlides(aggregates_);
    for (const auto& aggregate : bound_) cells_.emplace_back(aggregate->result_type());
  }
  void Run(const Input& input, const Walk& walk) {
    for (const SlideShare& share : shares_) {
      std::vector<columns::ColumnBuffer*> outs;
      for (const size_t member : share.members) outs.push_back(&cells_[member]);
      share.slide->Run(input, walk, outs);
    }
  }
  void Clear() {
    for (columns::ColumnBuffer& cells : cells_) cells.Clear();
  }

 private:
  std::vector<std::shared_ptr<const Aggregate>> bound_;
  std::vector<const Aggregate*> aggregates_;
  std::vector<SlideShare> shares_;
  std::vector<columns::ColumnBuffer> cells_;
};

void ShareOverOne(benchmark::State& bench) {
  const Events& events = AllEvents();
  const Window window(events, bench.range(0));
  Asked asked;
  for (auto _ : bench) {
    asked.Clear();
    asked.Run(events.input(Words::kNone), window.walk(events, false));
  }
  bench.SetItemsProcessed(bench.iterations() * kRows);
}

void ShareOverMany(benchmark::State& bench) {
  const Events& events = AllEvents();
  constexpr int64_t kKeyRows = 100;
  std::vector<Walk::Step> steps;
  for (int64_t i = bench.range(0); i <= kKeyRows; i += bench.range(0)) {
    steps.push_back({events.times[static_cast<size_t>(i)], i, std::max<int64_t>(0, i - 50)});
  }
  Asked asked;
  for (auto _ : bench) {
    asked.Clear();
    for (int64_t first = 0; first + kKeyRows <= kRows; first += kKeyRows) {
      const auto rows = std::span(events.rows).subspan(static_cast<size_t>(first), kKeyRows);
      asked.Run(events.input(Words::kNone), {.enter = rows, .leave = rows, .steps = steps});
    }
  }
  bench.SetItemsProcessed(bench.iterations() * kRows);
}

void RegisterSlide(const std::string& name, const SlideCase& slid) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [slid](benchmark::State& bench) { SlideOver(bench, slid); })
      ->ArgName("every")
      ->Arg(1000)
      ->Arg(10)
      ->Arg(1);
}

bool RegisterAll() {
  for (const char* name :
       {"count", "sum", "avg", "var", "stddev", "kurtosis", "min", "nunique", "approx_nunique",
        "last", "mode", "percentile", "approx_percentile", "ewma", "mean_gap"}) {
    benchmark::RegisterBenchmark((std::string("update/") + name).c_str(),
                                 [name](benchmark::State& bench) { Update(bench, name); });
    RegisterSlide(std::string("slide/") + name, {.name = name});
    RegisterSlide(std::string("slide_late/") + name, {.name = name, .late = true});
  }
  for (const char* name : {"nunique", "mode", "collect_distinct"}) {
    RegisterSlide(std::string("slide_words/") + name, {.name = name, .words = Words::kPlain});
    RegisterSlide(std::string("slide_codes/") + name, {.name = name, .words = Words::kCoded});
  }
  benchmark::RegisterBenchmark("share/one_key", ShareOverOne)
      ->ArgName("every")
      ->Arg(1000)
      ->Arg(10)
      ->Arg(1);
  benchmark::RegisterBenchmark("share/many_keys", ShareOverMany)->ArgName("every")->Arg(10)->Arg(1);
  return true;
}

[[maybe_unused]] const bool kRegistered = RegisterAll();

}  // namespace
}  // namespace millrace::aggregate
