// Terminal: where a command writes and what it knows of the outside: streams, clock, project
// folder. Results go to `out`; problems, progress and notes to `err`.
#pragma once

#include <ostream>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace millrace::cli {

struct Terminal {
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  const base::Clock* clock = nullptr;
  bool err_is_terminal = false;   // progress is shown to people only
  std::string project_dir = ".";  // --project

  // One line per problem: "file:line:col: message (hint) [code]".
  void PrintProblems(const base::Status& status) const;
  // One line, "note: text".
  void Note(const std::string& text) const;
};

}  // namespace millrace::cli
