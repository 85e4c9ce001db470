// The plan that `training-set` and `explain` compute with: the registry's newest applied version,
// its paths made concrete, and a note when the files on disk say something else.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "features/plan.h"
#include "jobs/source_folders.h"

namespace millrace::cli {

struct AppliedPlan {
  jobs::SourceFolders folders;
  int version = 0;
  int64_t memory_bytes_max = 0;  // the project's ceiling of a batch job
  std::shared_ptr<const features::FeaturePlan> plan;
};

// Errors: not_ready, when nothing was ever applied; missing_variable; whatever project and registry
// report.
base::Result<AppliedPlan> ReadAppliedPlan(const Terminal& terminal);

// "user_id=u1" -> ("user_id", "u1"), for every text. Error: usage, naming `option`.
base::Result<std::map<std::string, std::string>> ReadAssignments(
    const std::string& option, const std::vector<std::string>& texts);

}  // namespace millrace::cli
