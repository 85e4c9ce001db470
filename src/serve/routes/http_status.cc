#include "serve/routes/http_status.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace millrace::serve {

using base::Problem;

namespace {

namespace codes = base::codes;

// Names that a client made up are repeated in messages, and may be as long as a body.
constexpr size_t kDetailBytesMax = 1000;

struct CodeStatus {
  base::Code code;
  int status;
};

// What does not go by its exit code. `not_ready` is no 503: its values come with a materialize, not
// with time, and clients that repeat a 503 (Feast's does) would hide what is to be done.
constexpr CodeStatus kStatuses[] = {
    {codes::kSyntax, 400},      {codes::kUnauthorized, 401},     {codes::kForbidden, 403},
    {codes::kUnknownName, 404}, {codes::kNotReady, 404},         {codes::kTooLarge, 413},
    {codes::kMethod, 405},      {codes::kEmptySource, 422},      {codes::kMissingVariable, 500},
    {codes::kDiskFull, 503},    {codes::kConflict, 503},         {codes::kStoreOwned, 503},
    {codes::kStoreFenced, 503}, {codes::kStoreUnavailable, 503}, {codes::kOverloaded, 503},
    {codes::kDeadline, 503},
};

}  // namespace

Problem ProblemOf(const base::Status& status) {
  std::vector<Problem> problems = base::ProblemsOf(status);
  Problem all = std::move(problems.front());
  for (auto problem = problems.begin() + 1; problem != problems.end(); ++problem) {
    all.message = DetailOf(all) + "; " + problem->message;
    all.hint = std::move(problem->hint);
  }
  return all;
}

int StatusOf(const Problem& problem) {
  const auto* const found =
      std::find_if(std::begin(kStatuses), std::end(kStatuses),
                   [&](const CodeStatus& known) { return known.code == problem.code; });
  if (found != std::end(kStatuses)) return found->status;
  return problem.code.exit_code == 2 ? 422 : 500;
}

int RetryAfterSeconds(int status) {
  return status == 503 || status == 429 ? 1 : 0;
}

std::string ErrorBody(const Problem& problem) {
  const nlohmann::ordered_json body = {{"detail", DetailOf(problem)}, {"code", problem.code.name}};
  return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string DetailOf(const Problem& problem) {
  std::string text = problem.message;
  if (!problem.hint.empty()) text += " (" + problem.hint + ")";
  if (text.size() <= kDetailBytesMax) return text;
  size_t end = kDetailBytesMax;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // between characters
  text.resize(end);
  return text + "…";
}

}  // namespace millrace::serve
