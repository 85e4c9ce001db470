// Gathering, placing and ordering problems.
#include "features/yaml/problem_list.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace millrace::features {

void ProblemList::Add(base::Code code, const base::Place& place, std::string message,
                      std::string hint) {
  problems_.push_back({code, std::move(message), place, std::move(hint)});
}

void ProblemList::Add(base::Code code, const yaml::Node& node, std::string message,
                      std::string hint) {
  Add(code, node.place(), std::move(message), std::move(hint));
}

void ProblemList::AddStatus(const base::Status& status, const base::Place& place) {
  for (base::Problem& problem : base::ProblemsOf(status)) {
    if (problem.place.line == 0) problem.place = place;
    problems_.push_back(std::move(problem));
  }
}

void ProblemList::AddExpression(const base::Status& status, const yaml::Node& scalar) {
  for (base::Problem& problem : base::ProblemsOf(status)) {
    const int column = problem.place.column;
    problem.place = column > 0 && scalar.is_scalar()
                        ? scalar.PlaceOfCharacter(static_cast<size_t>(column - 1))
                        : scalar.place();
    problems_.push_back(std::move(problem));
  }
}

std::vector<base::Problem> ProblemList::Sorted() const {
  std::vector<base::Problem> sorted = problems_;
  const auto key = [](const base::Problem& p) {
    return std::tie(p.place.file, p.place.line, p.place.column, p.code.name, p.message);
  };
  std::sort(sorted.begin(), sorted.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto same = [&](const auto& a, const auto& b) { return key(a) == key(b); };
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
  return sorted;
}

}  // namespace millrace::features
