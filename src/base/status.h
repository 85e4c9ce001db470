// Status with our own detail: a stable code, the place and a hint, one or many at once. Results are
// arrow::Result; what Arrow itself reports stays an Arrow status and reads as one problem here.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/code.h"

namespace millrace::base {

using arrow::Result;
using arrow::Status;

// Where something was written. Lines and columns count from 1; 0 is unknown.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;

  std::string ToString() const;  // "features/a.yaml:3:14", "" when nothing is known
};

struct Problem {
  Code code = codes::kInternal;
  std::string message;  // what was found and what was expected
  Place place = {};
  std::string hint = {};  // what to do, such as the nearest right name; may be empty

  std::string ToString() const;  // "place: message (hint) [code]"
};

// One problem, or all problems of a repository at once (in the given order; REQUIRES: not empty).
Status Error(Problem problem);
Status Error(Code code, std::string message);
Status Errors(std::vector<Problem> problems);

// The problems a status carries: none when ok; a status that is not ours gives one with the
// nearest code.
std::vector<Problem> ProblemsOf(const Status& status);

// The exit code of the command line: 0 when ok, else the largest of the problems' codes.
int ExitCode(const Status& status);

// The same status with the place filled in where a problem has none, so that a callee need not know
// which file it reads.
Status AtPlace(const Status& status, const Place& place);

// The name in `candidates` nearest to `name` by edit distance, as "did you mean 'x'?"; "" when none
// is near (distance above a third of the longer one).
std::string NearestHint(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace millrace::base
