// Findings: everything that a verification found wrong, in the order of looking.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace millrace::jobs {

class Findings {
 public:
  void Add(std::string message, std::string hint = "") {
    problems_.push_back(
        {base::codes::kVerificationFailed, std::move(message), {}, std::move(hint)});
  }
  // What kept from looking at `what`: a finding in the words of the callee.
  void AddAll(const std::string& what, const base::Status& status) {
    for (const base::Problem& problem : base::ProblemsOf(status)) {
      const std::string place = problem.place.ToString();
      Add(what + ": " + (place.empty() ? "" : place + ": ") + problem.message, problem.hint);
    }
  }
  // Two numbers that should be one.
  void Compare(const std::string& what, int64_t proven, int64_t found) {
    if (proven == found) return;
    Add(what + ": the proof says " + std::to_string(proven) + ", found " + std::to_string(found));
  }
  void CompareText(const std::string& what, const std::string& proven, const std::string& found) {
    if (proven == found) return;
    Add(what + ": the proof says '" + proven + "', found '" + found + "'");
  }
  bool empty() const { return problems_.empty(); }
  size_t size() const { return problems_.size(); }
  // REQUIRES: !empty().
  base::Status ToStatus() && { return base::Errors(std::move(problems_)); }

 private:
  std::vector<base::Problem> problems_;
};

}  // namespace millrace::jobs
