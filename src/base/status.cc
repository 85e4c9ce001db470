#include "base/status.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.h"

namespace millrace::base {
namespace {

constexpr char kDetailType[] = "millrace::ProblemDetail";

class ProblemDetail : public arrow::StatusDetail {
 public:
  explicit ProblemDetail(std::vector<Problem> problems) : problems_(std::move(problems)) {}
  const char* type_id() const override { return kDetailType; }
  std::string ToString() const override { return std::string(problems_.front().code.name); }
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

const ProblemDetail* DetailOf(const Status& status) {
  const auto& detail = status.detail();
  if (detail == nullptr || std::string_view(detail->type_id()) != kDetailType) return nullptr;
  return static_cast<const ProblemDetail*>(detail.get());
}

Code CodeOfForeign(const Status& status) {
  switch (status.code()) {
    case arrow::StatusCode::IOError:
      return codes::kIo;
    case arrow::StatusCode::KeyError:
      return codes::kUnknownName;
    case arrow::StatusCode::TypeError:
      return codes::kTypeMismatch;
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::SerializationError:
      return codes::kCorrupt;
    default:
      return codes::kInternal;
  }
}

// Insertions, deletions, changes and swaps of neighbours (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({change, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string Place::ToString() const {
  std::string text = file;
  if (line > 0) {
    if (!text.empty()) text += ':';
    text += std::to_string(line);
    if (column > 0) text += ':' + std::to_string(column);
  }
  return text;
}

std::string Problem::ToString() const {
  std::string text = place.ToString();
  if (!text.empty()) text += ": ";
  text += message;
  if (!hint.empty()) text += " (" + hint + ")";
  text += " [" + std::string(code.name) + "]";
  return text;
}

Status Error(Problem problem) {
  std::vector<Problem> problems;
  problems.push_back(std::move(problem));
  return Errors(std::move(problems));
}

Status Error(Code code, std::string message) {
  return Error(Problem{.code = code, .message = std::move(message)});
}

Status Errors(std::vector<Problem> problems) {
  MILLRACE_CHECK(!problems.empty());
  std::string message;
  for (const Problem& problem : problems) {
    if (!message.empty()) message += '\n';
    message += problem.ToString();
  }
  return Status(arrow::StatusCode::Invalid, std::move(message),
                std::make_shared<ProblemDetail>(std::move(problems)));
}

std::vector<Problem> ProblemsOf(const Status& status) {
  if (status.ok()) return {};
  if (const ProblemDetail* detail = DetailOf(status)) return detail->problems();
  return {Problem{.code = CodeOfForeign(status), .message = status.message()}};
}

int ExitCode(const Status& status) {
  int exit_code = 0;
  for (const Problem& problem : ProblemsOf(status)) {
    exit_code = std::max(exit_code, problem.code.exit_code);
  }
  return exit_code;
}

Status AtPlace(const Status& status, const Place& place) {
  if (status.ok()) return status;
  std::vector<Problem> problems = ProblemsOf(status);
  for (Problem& problem : problems) {
    if (problem.place.file.empty()) problem.place.file = place.file;
    if (problem.place.line == 0) {
      problem.place.line = place.line;
      problem.place.column = place.column;
    }
  }
  return Errors(std::move(problems));
}

std::string NearestHint(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string* nearest = nullptr;
  size_t nearest_distance = 0;
  for (const std::string& candidate : candidates) {
    const size_t longer = std::max(name.size(), candidate.size());
    const size_t shorter = std::min(name.size(), candidate.size());
    if ((longer - shorter) * 3 > longer) continue;  // too far by length alone
    const size_t distance = EditDistance(name, candidate);
    if (distance * 3 > longer) continue;
    if (nearest == nullptr || distance < nearest_distance) {
      nearest = &candidate;
      nearest_distance = distance;
    }
  }
  return nearest == nullptr ? "" : "did you mean '" + *nearest + "'?";
}

}  // namespace millrace::base
