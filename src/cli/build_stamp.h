// What was built: written at build time by cmake/BuildStamp.cmake, printed by `version` and
// `doctor`.
#pragma once

#include <string>

namespace millrace::cli {

struct BuildStamp {
  std::string version;
  std::string commit;  // "" outside a git checkout
  std::string compiler;
  std::string type;      // "Release"
  std::string sanitize;  // "" or "address,undefined"
};

BuildStamp Build();

}  // namespace millrace::cli
