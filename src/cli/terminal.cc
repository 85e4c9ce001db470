#include "cli/terminal.h"

namespace millrace::cli {

void Terminal::PrintProblems(const base::Status& status) const {
  for (const base::Problem& problem : base::ProblemsOf(status)) {
    *err << problem.ToString() << '\n';
  }
  err->flush();
}

void Terminal::Note(const std::string& text) const {
  *err << "note: " << text << '\n';
  err->flush();
}

}  // namespace millrace::cli
