// The commands whose place is kept: refused by name, so that nobody takes them for typing errors.
#include <algorithm>

#include "cli/program.h"

namespace millrace::cli {

std::vector<std::string> ReservedCommands() {
  return {"audit",   "backfill", "drift", "emit", "erase", "leakage", "log",     "pipeline",
          "profile", "read",     "run",   "skew", "sql",   "stream",  "validate"};
}

std::string ReservedCommand(const std::string& word) {
  const std::vector<std::string> words = ReservedCommands();
  if (std::find(words.begin(), words.end(), word) == words.end()) return "";
  return "`millrace " + word + "` is reserved, and not built yet";
}

}  // namespace millrace::cli
