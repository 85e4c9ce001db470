// Runs cases: scenario, engine, questions, comparisons.
#include "engines/run_case.h"

#include <algorithm>
#include <optional>

#include "engines/event_files.h"
#include "engines/question.h"
#include "engines/reference_engine.h"

namespace millrace::engines {
namespace {

using base::Result;
using base::Status;

// A fixed order that is not the written one.
void Shuffle(std::vector<EventTable>* tables) {
  for (EventTable& table : *tables) {
    uint64_t state = 88172645463325252U;
    for (size_t i = table.rows.size(); i > 1; --i) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      std::swap(table.rows[i - 1], table.rows[state % i]);
    }
  }
}

std::string CodesOf(const Status& status) {
  std::string codes;
  for (const base::Problem& problem : base::ProblemsOf(status)) {
    codes += (codes.empty() ? "" : ", ") + std::string(problem.code.name);
  }
  return codes;
}

// What `problems` says against what the compiler said.
std::vector<std::string> CompareProblems(const Case& definition, const Status& status) {
  std::vector<std::string> differences;
  const CaseTable& table = *definition.problems;
  auto add = [&](int line, const std::string& text) {
    differences.push_back(definition.path + ":" + std::to_string(line) + ": " + text);
  };
  if (status.ok()) {
    add(table.line, "the definitions compile; expected problems");
    return differences;
  }
  const std::vector<base::Problem> problems = base::ProblemsOf(status);
  if (problems.size() != table.rows.size()) {
    add(table.line, "expected " + std::to_string(table.rows.size()) + " problems, got " +
                        std::to_string(problems.size()) + ":\n    " + status.ToString());
    return differences;
  }
  for (size_t i = 0; i < problems.size(); ++i) {
    const CaseRow& row = table.rows[i];
    const std::string text = problems[i].ToString();
    for (size_t column = 0; column < table.header.size(); ++column) {
      const std::string& word = table.header[column];
      const std::string& cell = row.cells[column].text;
      const bool same = word == "code"   ? problems[i].code.name == cell
                        : word == "line" ? std::to_string(problems[i].place.line) == cell
                        : word == "says" ? text.find(cell) != std::string::npos
                                         : false;
      if (!same) add(row.line, word + ": expected " + cell + ", got " + text);
    }
  }
  return differences;
}

class Run {
 public:
  Run(const Case& definition, const EngineKind& kind, bool check_text)
      : case_(definition), kind_(kind), check_text_(check_text) {}

  CaseOutcome OfAll(const std::vector<Variation>& variations) {
    for (const Variation& variation : variations) {
      variation_ = variation.ToString();
      if (Status status = Of(variation); !status.ok()) Fail(status.ToString());
    }
    return std::move(outcome_);
  }

 private:
  void Fail(const std::string& text) {
    const std::string place = text.starts_with(case_.path) ? "" : case_.path + ": ";
    outcome_.failures.push_back(place + text + " [" + kind_.name + ": " + variation_ + "]");
  }

  Status Of(const Variation& variation) {
    ARROW_ASSIGN_OR_RAISE(Scenario scenario, MakeScenario(case_, variation.format));
    for (const EventTable& table : scenario.events) {
      if (kind_.files && !CanHold(table, variation.format)) return Status::OK();
    }
    ++outcome_.runs;
    if (variation.shuffled) Shuffle(&scenario.events);
    std::unique_ptr<Engine> engine = kind_.make();
    const Status setup = engine->Setup(scenario, variation);
    if (case_.problems) {
      for (const std::string& line : CompareProblems(case_, setup)) Fail(line);
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(setup);
    if (!reference_) {
      reference_ = MakeReferenceEngine();
      ARROW_ASSIGN_OR_RAISE(Scenario plain, MakeScenario(case_, "csv"));
      ARROW_RETURN_NOT_OK(reference_->Setup(plain, Variation()));
    }
    for (size_t i = 0; i < case_.asks.size(); ++i) {
      if (case_.asks[i].offline && !kind_.offline) continue;
      ARROW_RETURN_NOT_OK(AskOne(i, engine.get()));
    }
    return Status::OK();
  }

  Status AskOne(size_t index, Engine* engine) {
    const AskBlock& ask = case_.asks[index];
    ARROW_ASSIGN_OR_RAISE(TypedAsk typed, TypeAsk(case_, ask, engine->plan()));
    Result<Answer> answer = engine->Ask(typed.question);
    const std::string place = case_.path + ":" + std::to_string(ask.line) + ": ";
    if (!ask.fails.empty()) {
      const std::string codes = answer.ok() ? "an answer" : CodesOf(answer.status());
      if (codes != ask.fails) Fail(place + "expected " + ask.fails + ", got " + codes);
      return Status::OK();
    }
    if (!answer.ok()) {
      Fail(place + answer.status().ToString());
      return Status::OK();
    }
    if (check_text_) {
      for (const std::string& line : Compare(case_, ask, typed, *answer)) Fail(line);
    }
    if (kind_.name == "reference") return Status::OK();
    auto [known, added] = answers_.try_emplace(index);
    if (added) {
      ARROW_ASSIGN_OR_RAISE(TypedAsk plain, TypeAsk(case_, ask, reference_->plan()));
      ARROW_ASSIGN_OR_RAISE(known->second, reference_->Ask(plain.question));
    }
    for (const std::string& line : Differences(known->second, *answer)) {
      Fail(place + "unlike the reference engine: " + line);
    }
    return Status::OK();
  }

  const Case& case_;
  const EngineKind& kind_;
  const bool check_text_;
  CaseOutcome outcome_;
  std::string variation_;
  std::unique_ptr<Engine> reference_;
  std::map<size_t, Answer> answers_;  // the reference's, by ask
};

// `fewer`: it may be less than expected.
void CompareCounts(const std::string& what, const Counts& expected, const Counts& got,
                   std::vector<std::string>* differences, bool fewer = false) {
  Counts all = expected;
  all.insert(got.begin(), got.end());
  for (const auto& [key, unused] : all) {
    const auto a = expected.find(key);
    const auto b = got.find(key);
    const int64_t x = a == expected.end() ? 0 : a->second;
    const int64_t y = b == got.end() ? 0 : b->second;
    if (x == y || (fewer && y < x)) continue;
    differences->push_back(what + " " + key.first + " | " + key.second + ": expected " +
                           std::to_string(x) + ", got " + std::to_string(y));
  }
}

// Counts of nulls as who does not hear of errors sees them.
Counts WithoutErrors(const Counts& nulls) {
  Counts without;
  for (const auto& [key, count] : nulls) {
    without[{key.first, key.second == "error" ? "null_value" : key.second}] += count;
  }
  return without;
}

}  // namespace

std::vector<std::string> Differences(const Answer& expected, const Answer& got) {
  std::vector<std::string> differences;
  if (expected.columns != got.columns) {
    auto names = [](const Answer& answer) {
      std::string text;
      for (const Field& field : answer.columns) {
        text += (text.empty() ? "" : ", ") + field.name + " " + field.type.ToString();
      }
      return text;
    };
    return {"expected columns " + names(expected) + "; got " + names(got)};
  }
  if (expected.rows.size() != got.rows.size()) {
    return {"expected " + std::to_string(expected.rows.size()) + " rows, got " +
            std::to_string(got.rows.size())};
  }
  for (size_t row = 0; row < expected.rows.size(); ++row) {
    for (size_t i = 0; i < expected.columns.size(); ++i) {
      if (columns::SameBits(expected.rows[row][i], got.rows[row][i])) continue;
      const Type& type = expected.columns[i].type;
      differences.push_back("row " + std::to_string(row + 1) + " " + expected.columns[i].name +
                            ": expected " + WriteValue(expected.rows[row][i], type) + ", got " +
                            WriteValue(got.rows[row][i], type));
    }
  }
  if (got.rejected_known) {
    CompareCounts("rejected", expected.rejected, got.rejected, &differences, got.pruned);
  }
  if (!got.errors_known) {
    CompareCounts("nulls", WithoutErrors(expected.nulls), got.nulls, &differences);
    return differences;
  }
  CompareCounts("errors", expected.errors, got.errors, &differences);
  CompareCounts("nulls", expected.nulls, got.nulls, &differences);
  CompareCounts("counted", expected.counted, got.counted, &differences);
  return differences;
}

namespace {

// Too little memory for anything, and for some of it; the answer a few rows at a time.
void AddTight(bool shuffled, std::vector<Variation>* variations) {
  int64_t chunk_rows = 1;
  for (const char* format : {"csv", "parquet"}) {
    for (const int64_t memory_bytes : {1, 4'096}) {
      Variation variation;
      variation.format = format;
      variation.files = 2;
      variation.shuffled = shuffled;
      variation.batch_rows_max = memory_bytes == 1 ? 3 : 2;
      variation.threads = shuffled ? 1 : 2;
      variation.memory_bytes = memory_bytes;
      variation.chunk_rows = chunk_rows;
      chunk_rows = chunk_rows % 3 + 1;
      variations->push_back(variation);
    }
  }
}

}  // namespace

namespace {

std::vector<Variation> OnlineVariations(const std::string& name) {
  std::vector<Variation> variations;
  const auto add = [&](const char* store, int64_t rows, uint32_t chunk_rows) {
    Variation variation;
    variation.store = store;
    variation.batch_rows_max = rows;
    variation.store_chunk_rows = chunk_rows;
    for (const bool afterwards : {false, true}) {
      variation.afterwards = afterwards;
      variation.shuffled = afterwards;
      // Rows that are read back have been in files of both kinds.
      variation.format = afterwards && rows > 1 ? "parquet" : "csv";
      variation.restarts = std::string_view(store) == "lmdb";
      variations.push_back(variation);
    }
  };
  if (name.starts_with("serve")) {
    for (const int draw : {1, 2}) {
      variations.push_back({.format = draw == 1 ? "csv" : "parquet", .draw = draw});
    }
    return variations;
  }
  if (name == "online_jobs") {
    // What is pushed and what comes in files is drawn anew for each.
    for (const char* format : {"csv", "parquet"}) {
      for (const int draw : {1, 2}) variations.push_back({.format = format, .draw = draw});
    }
    return variations;
  }
  if (name == "online_redis") {
    add("redis", 1 << 16, 2);
    return variations;
  }
  for (const int64_t rows : {int64_t{1}, int64_t{3}, int64_t{1} << 16}) {
    for (const uint32_t chunk_rows : {1U, 2U, 0U}) add("memory", rows, chunk_rows);
  }
  add("lmdb", 3, 2);
  return variations;
}

}  // namespace

std::vector<Variation> VariationsOf(const EngineKind& kind) {
  if (kind.online) return OnlineVariations(kind.name);
  std::vector<Variation> variations;
  for (const bool shuffled : {false, true}) {
    if (!kind.files) {
      Variation variation;
      variation.shuffled = shuffled;
      variations.push_back(variation);
      continue;
    }
    AddTight(shuffled, &variations);
    for (const char* format : {"csv", "parquet"}) {
      for (const int files : {1, 3}) {
        for (const int64_t rows : {int64_t{1}, int64_t{3}, int64_t{1} << 16}) {
          // Threads alternate with the files: no value depends on them either.
          variations.push_back({format, files, shuffled, rows, files == 1 ? 1 : 2});
        }
      }
    }
  }
  return variations;
}

CaseOutcome RunCase(const Case& definition, const EngineKind& kind,
                    const std::vector<Variation>& variations, bool check_text) {
  return Run(definition, kind, check_text).OfAll(variations);
}

Result<std::map<std::pair<int, size_t>, std::string>> ReferenceAnswers(const Case& definition) {
  std::map<std::pair<int, size_t>, std::string> texts;
  ARROW_ASSIGN_OR_RAISE(Scenario scenario, MakeScenario(definition, "csv"));
  std::unique_ptr<Engine> engine = MakeReferenceEngine();
  ARROW_RETURN_NOT_OK(engine->Setup(scenario, Variation()));
  for (const AskBlock& ask : definition.asks) {
    if (!ask.fails.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(TypedAsk typed, TypeAsk(definition, ask, engine->plan()));
    ARROW_ASSIGN_OR_RAISE(Answer answer, engine->Ask(typed.question));
    for (const ExpectedColumn& column : typed.expected) {
      for (size_t i = 0; i < answer.columns.size(); ++i) {
        if (answer.columns[i].name != column.name) continue;
        for (size_t row = 0; row < std::min(answer.rows.size(), ask.table.rows.size()); ++row) {
          if (!ask.table.rows[row].cells[column.cell].is_question()) continue;
          texts[{ask.table.rows[row].line, column.cell}] =
              WriteValue(answer.rows[row][i], column.type);
        }
      }
    }
  }
  return texts;
}

}  // namespace millrace::engines
