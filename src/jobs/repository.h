// Repository: a feature repository as every job needs it: the project's settings, its definitions
// as text, its registry. Opening it reads millrace.yaml and the definition files, nothing else.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "features/compile.h"
#include "project/project.h"
#include "registry/registry.h"

namespace millrace::jobs {

struct Repository {
  project::Project project;
  std::vector<features::DefinitionText> texts;
  registry::Registry registry;
};

// Errors: file_not_found (no millrace.yaml there), whatever is wrong in it, all at once.
base::Result<Repository> OpenRepository(const std::string& folder);

// The plan of the definitions on disk. Errors: all their problems at once.
base::Result<std::shared_ptr<const features::FeaturePlan>> CompileDefinitions(
    const Repository& repository);

// Whether the definitions on disk say something else than `version`: also when they do not compile.
bool DiffersFrom(const Repository& repository, const registry::Version& version);

// The same plan with ${VAR} in its sources' paths replaced: what is to be read, never what is to be
// stored. Error: missing_variable, all at once.
base::Result<std::shared_ptr<const features::FeaturePlan>> WithConcretePaths(
    const features::FeaturePlan& plan, const project::Environment& environment);

}  // namespace millrace::jobs
