// RunCase: one case on one engine in every variation, each answer compared to the case's text and
// to the reference engine's. Called by the runner and by the differential test.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engines/case.h"
#include "engines/engine.h"

namespace millrace::engines {

struct CaseOutcome {
  int runs = 0;
  std::vector<std::string> failures;  // "path:line: … [engine, variation]"
};

// The variations that an engine gets: formats, files, orders and batches, multiplied;
// then too little memory in a few of them.
std::vector<Variation> VariationsOf(const EngineKind& kind);

// `check_text`: compare with the case's text too (the differential test's cases have none).
CaseOutcome RunCase(const Case& definition, const EngineKind& kind,
                    const std::vector<Variation>& variations, bool check_text);

// What differs between two answers, as lines without a place; empty: nothing.
std::vector<std::string> Differences(const Answer& expected, const Answer& got);

// (line, cell) -> text: the reference engine's answers for every `?` of the case.
base::Result<std::map<std::pair<int, size_t>, std::string>> ReferenceAnswers(
    const Case& definition);

}  // namespace millrace::engines
