// cases_test: runs tests/cases/**.case on one engine. Its own main: a case is data, and a failure
// is a line of text with the case's place.
//   cases_test --engine NAME [--cases DIR] [--fill] [--align] [PATH…]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "engines/case_text.h"
#include "engines/run_case.h"

namespace millrace::engines {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string engine = "reference";
  std::string cases = MILLRACE_SOURCE_DIR "/tests/cases";
  std::vector<std::string> only;  // parts of paths
  bool fill = false;
  bool align = false;
};

std::string ReadText(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The semantic cases, by name; expressions/ are EXPR's own cases with a test of their own.
std::vector<std::string> FindCases(const Options& options) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(options.cases)) {
    if (entry.path().extension() != ".case") continue;
    const std::string name = fs::relative(entry.path(), options.cases).string();
    if (name.starts_with("expressions/")) continue;
    const bool wanted =
        options.only.empty() ||
        std::any_of(options.only.begin(), options.only.end(),
                    [&](const std::string& part) { return name.find(part) != std::string::npos; });
    if (wanted) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Lines `engine case`: what an engine cannot do yet.
std::set<std::string> ReadGaps(const Options& options) {
  std::set<std::string> gaps;
  std::istringstream text(ReadText(fs::path(options.cases) / "gaps.txt"));
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string engine;
    std::string name;
    if (words >> engine >> name && engine == options.engine) gaps.insert(name);
  }
  return gaps;
}

// Rewrites the file: `?` answered by the reference engine, tables aligned.
bool Rewrite(const fs::path& path, const std::string& text, bool fill) {
  std::map<std::pair<int, size_t>, std::string> answers;
  if (fill) {
    auto definition = ParseCase(path.string(), text);
    if (!definition.ok()) {
      std::cout << definition.status().ToString() << "\n";
      return false;
    }
    auto filled = ReferenceAnswers(*definition);
    if (!filled.ok()) {
      std::cout << path.string() << ": " << filled.status().ToString() << "\n";
      return false;
    }
    answers = *filled;
  }
  const std::string aligned = AlignTables(text, answers);
  if (aligned != text) std::ofstream(path, std::ios::binary) << aligned;
  return true;
}

// Each failure once, with the first variation that has it and how many more do.
void Print(const std::string& path, const CaseOutcome& outcome) {
  constexpr size_t kShown = 10;
  std::vector<std::string> order;
  std::map<std::string, std::pair<std::string, int>> seen;  // text -> first variation, count
  for (const std::string& failure : outcome.failures) {
    const size_t variation = failure.rfind(" [");
    const std::string text = failure.substr(0, variation);
    auto [entry, added] = seen.try_emplace(text, failure.substr(variation + 1), 0);
    if (added) order.push_back(text);
    ++entry->second.second;
  }
  for (size_t i = 0; i < std::min(kShown, order.size()); ++i) {
    const auto& [variation, count] = seen[order[i]];
    std::cout << order[i] << " " << variation;
    if (count > 1) std::cout << " and " << count - 1 << " other variations";
    std::cout << "\n";
  }
  if (order.size() > kShown) std::cout << path << ": and " << order.size() - kShown << " more\n";
}

int RunAll(const Options& options) {
  const auto& engines = Engines();
  const auto kind = std::find_if(engines.begin(), engines.end(), [&](const EngineKind& candidate) {
    return candidate.name == options.engine;
  });
  if (kind == engines.end()) {
    std::cerr << "unknown engine '" << options.engine << "'; engines:";
    for (const EngineKind& known : engines) std::cerr << " " << known.name;
    std::cerr << "\n";
    return 2;
  }
  const std::set<std::string> gaps = ReadGaps(options);
  const std::vector<Variation> variations = VariationsOf(*kind);
  const std::vector<std::string> names = FindCases(options);
  int runs = 0;
  int failed = 0;
  for (const std::string& name : names) {
    const std::string path = "tests/cases/" + name;
    auto definition = ParseCase(path, ReadText(fs::path(options.cases) / name));
    CaseOutcome outcome;
    if (definition.ok()) {
      outcome = RunCase(*definition, *kind, variations, true);
    } else {
      outcome.failures.push_back(definition.status().ToString() + " [parser]");
    }
    runs += outcome.runs;
    if (gaps.contains(name)) {
      if (outcome.failures.empty()) {
        std::cout << path << ": listed in gaps.txt, but " << options.engine << " passes it\n";
        ++failed;
      }
      continue;
    }
    if (outcome.failures.empty()) continue;
    ++failed;
    Print(path, outcome);
  }
  std::cout << options.engine << ": " << names.size() << " cases, " << runs << " runs, " << failed
            << " failed, " << gaps.size() << " gaps\n";
  return failed == 0 && !names.empty() ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Runs the semantic cases on one engine");
  app.add_option("--engine", options.engine, "reference, offline, …");
  app.add_option("--cases", options.cases, "the folder of the cases");
  app.add_flag("--fill", options.fill, "let the reference engine answer every `?`");
  app.add_flag("--align", options.align, "align the tables of the cases");
  app.add_option("paths", options.only, "only cases whose path contains one of these");
  CLI11_PARSE(app, argc, argv);
  if (!options.fill && !options.align) return RunAll(options);
  if (options.fill && options.engine != "reference") {
    std::cerr << "only the reference engine fills in answers\n";
    return 2;
  }
  bool ok = true;
  for (const std::string& name : FindCases(options)) {
    const fs::path path = fs::path(options.cases) / name;
    const std::string text = ReadText(path);
    const bool fill = options.fill && text.find('?') != std::string::npos;
    if (fill || options.align) ok = Rewrite(path, text, fill) && ok;
  }
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace millrace::engines

int main(int argc, char** argv) {
  return millrace::engines::Main(argc, argv);
}
