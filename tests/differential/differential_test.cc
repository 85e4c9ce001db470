// differential_test: random definitions, events and spines; `offline` against `reference`, equal to
// the bit. A failure is printed as a case, shrunk, with the reference engine's answers, ready for
// tests/cases.
//   differential_test [--engine NAME] [--seed N] [--rounds N]     (or MILLRACE_SEED,
//   MILLRACE_ROUNDS)
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>

#include "differential/random_case.h"
#include "engines/case_text.h"
#include "engines/run_case.h"

namespace millrace::differential {
namespace {

using engines::CaseOutcome;
using engines::EngineKind;
using engines::Variation;

struct Options {
  std::string engine = "offline";
  uint64_t seed = 20250101;  // fixed, so that a checkout passes or fails for everyone alike
  int rounds = 1000;
  bool show = false;
};

constexpr int kShrinkRunsMax = 400;

class Round {
 public:
  Round(const EngineKind& kind, std::vector<Variation> variations)
      : kind_(kind), variations_(std::move(variations)) {}

  // The failures of a case; a case that is itself wrong is one too.
  CaseOutcome Run(const RandomCase& random) const {
    auto definition = engines::ParseCase("random.case", random.Text());
    CaseOutcome outcome;
    if (!definition.ok()) {
      outcome.failures.push_back(definition.status().ToString());
      return outcome;
    }
    return engines::RunCase(*definition, kind_, variations_, false);
  }

  // A smaller case that still differs.
  RandomCase Shrink(RandomCase random) {
    for (bool smaller = true; smaller && runs_ < kShrinkRunsMax;) {
      smaller = false;
      auto drop = [&](auto member) {
        // Many at once first: a case may have thousands of rows.
        for (size_t count = std::max<size_t>(1, member(&random)->size() / 2);; count /= 2) {
          size_t end = member(&random)->size();
          while (end >= count && runs_ < kShrinkRunsMax) {
            RandomCase candidate = random;
            auto* items = member(&candidate);
            const auto last = items->begin() + static_cast<std::ptrdiff_t>(end);
            items->erase(last - static_cast<std::ptrdiff_t>(count), last);
            end -= count;
            if (!Differs(candidate)) continue;
            random = std::move(candidate);
            smaller = true;
          }
          if (count == 1) break;
        }
      };
      drop([](RandomCase* c) { return &c->asks; });
      for (size_t ask = 0; ask < random.asks.size(); ++ask) {
        drop([ask](RandomCase* c) { return &c->asks[ask].asked; });
        drop([ask](RandomCase* c) { return &c->asks[ask].rows; });
      }
      drop([](RandomCase* c) { return &c->on_demand; });
      drop([](RandomCase* c) { return &c->labels; });
      drop([](RandomCase* c) { return &c->views; });
      for (size_t table = 0; table < random.events.size(); ++table) {
        drop([table](RandomCase* c) { return &c->events[table].rows; });
      }
      for (size_t view = 0; view < random.views.size(); ++view) {
        drop([view](RandomCase* c) { return &c->views[view].derived; });
        drop([view](RandomCase* c) { return &c->views[view].features; });
      }
    }
    return random;
  }

 private:
  bool Differs(const RandomCase& random) {
    ++runs_;
    const CaseOutcome outcome = Run(random);
    return std::any_of(outcome.failures.begin(), outcome.failures.end(), [](const auto& failure) {
      return failure.find("unlike the reference engine") != std::string::npos;
    });
  }

  const EngineKind& kind_;
  const std::vector<Variation> variations_;
  int runs_ = 0;
};

// Three variations of all, other ones for every seed, one of them with too little memory.
std::vector<Variation> PickVariations(const EngineKind& kind, uint64_t seed) {
  std::vector<Variation> all = engines::VariationsOf(kind);
  std::mt19937_64 random(seed ^ 0x9e3779b97f4a7c15U);
  std::shuffle(all.begin(), all.end(), random);
  // One of each format, so that a case that one cannot hold still runs.
  std::stable_sort(all.begin(), all.end(),
                   [](const Variation& a, const Variation& b) { return a.format < b.format; });
  std::vector<Variation> picked = {all.front(), all.back()};
  const bool tight = std::any_of(picked.begin(), picked.end(),
                                 [](const Variation& one) { return one.memory_bytes > 0; });
  const auto other = std::find_if(all.begin(), all.end(),
                                  [](const Variation& one) { return one.memory_bytes > 0; });
  if (!tight && other != all.end()) picked.push_back(*other);
  return picked;
}

void Report(const RandomCase& failed, const CaseOutcome& outcome, const Options& options) {
  const std::string text = failed.Text();
  std::cout << "differential: seed " << failed.seed << " differs (differential_test --engine "
            << options.engine << " --seed " << failed.seed << " --rounds 1):\n";
  for (size_t i = 0; i < std::min<size_t>(10, outcome.failures.size()); ++i) {
    std::cout << "  " << outcome.failures[i] << "\n";
  }
  std::map<std::pair<int, size_t>, std::string> answers;
  if (auto definition = engines::ParseCase("random.case", text); definition.ok()) {
    if (auto filled = engines::ReferenceAnswers(*definition); filled.ok()) answers = *filled;
  }
  std::cout << "---- as a case, with the reference engine's answers ----\n"
            << engines::AlignTables(text, answers) << "----\n";
}

int RunAll(const Options& options) {
  const auto& kinds = engines::Engines();
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const EngineKind& candidate) {
    return candidate.name == options.engine;
  });
  if (kind == kinds.end()) {
    std::cerr << "unknown engine '" << options.engine << "'\n";
    return 2;
  }
  std::cout << "differential: " << options.engine << ", MILLRACE_SEED=" << options.seed << ", "
            << options.rounds << " rounds\n"
            << std::flush;
  int failures = 0;
  constexpr int kFailuresShown = 3;
  for (int i = 0; i < options.rounds && failures < kFailuresShown; ++i) {
    const uint64_t seed = options.seed + static_cast<uint64_t>(i);
    const RandomCase random = MakeRandomCase(seed);
    if (options.show) std::cout << random.Text();
    Round round(*kind, PickVariations(*kind, seed));
    const CaseOutcome first = round.Run(random);
    if (first.failures.empty()) continue;
    ++failures;
    const RandomCase shrunk = round.Shrink(random);
    const CaseOutcome again = round.Run(shrunk);
    // What came once and not again is told as it came.
    Report(shrunk, again.failures.empty() ? first : again, options);
  }
  if (failures == 0) std::cout << "differential: no difference\n";
  return failures == 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Random cases on one engine, against the reference engine");
  app.add_option("--engine", options.engine, "offline, …");
  app.add_option("--seed", options.seed, "of the first round; 0: another one every time")
      ->envname("MILLRACE_SEED");
  app.add_option("--rounds", options.rounds, "how many cases")->envname("MILLRACE_ROUNDS");
  app.add_flag("--show", options.show, "print every case");
  CLI11_PARSE(app, argc, argv);
  if (options.seed == 0) {
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    options.seed = static_cast<uint64_t>(now) % 1'000'000'000;
  }
  return RunAll(options);
}

}  // namespace
}  // namespace millrace::differential

int main(int argc, char** argv) {
  return millrace::differential::Main(argc, argv);
}
