#include "cli/applied_plan.h"

#include <fmt/format.h>

#include "jobs/definitions/catalog.h"

namespace millrace::cli {

base::Result<AppliedPlan> ReadAppliedPlan(const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const registry::Version version, jobs::NewestVersion(repository));
  if (jobs::DiffersFrom(repository, version)) {
    terminal.Note(fmt::format(
        "the definitions on disk differ from version {}, which is used; run `millrace apply`",
        version.header.number));
  }
  AppliedPlan applied{.folders = {},
                      .version = version.header.number,
                      .memory_bytes_max = repository.project.memory_bytes_max,
                      .plan = {}};
  ARROW_ASSIGN_OR_RAISE(applied.folders, jobs::FoldersOf(repository.project));
  ARROW_ASSIGN_OR_RAISE(
      applied.plan, jobs::WithConcretePaths(*version.content.plan, repository.project.environment));
  return applied;
}

base::Result<std::map<std::string, std::string>> ReadAssignments(
    const std::string& option, const std::vector<std::string>& texts) {
  std::map<std::string, std::string> assignments;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return base::Error(base::codes::kUsage,
                         fmt::format("{} {}: expected NAME=VALUE", option, text));
    }
    if (!assignments.emplace(text.substr(0, equals), text.substr(equals + 1)).second) {
      return base::Error(base::codes::kUsage,
                         fmt::format("{} {}: given twice", option, text.substr(0, equals)));
    }
  }
  return assignments;
}

}  // namespace millrace::cli
