#include "jobs/repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "features/plan_codec.h"
#include "sources/event_reader.h"

namespace millrace::jobs {
namespace {

// The source with ${VAR} in its path replaced. A problem names the source, not a line: the text may
// be a version's, which is in no file.
base::Result<features::Source> WithConcretePath(const features::Source& source,
                                                const project::Environment& environment) {
  features::Source concrete = source;
  const base::Result<std::string> path = project::Expand(source.location.path, environment);
  if (!path.ok()) {
    base::Problem problem = base::ProblemsOf(path.status())[0];
    problem.place = {};
    problem.message = fmt::format("path '{}' of source '{}': {}", source.location.path, source.name,
                                  problem.message);
    return base::Error(std::move(problem));
  }
  concrete.location.path = *path;
  return concrete;
}

}  // namespace

base::Result<Repository> OpenRepository(const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(project::Project project,
                        project::Project::Load(folder, project::SystemEnvironment()));
  ARROW_ASSIGN_OR_RAISE(std::vector<features::DefinitionText> texts, project.ReadDefinitions());
  ARROW_ASSIGN_OR_RAISE(const std::string url, project.Expand(project.registry));
  ARROW_ASSIGN_OR_RAISE(registry::Registry registry,
                        registry::Registry::Make(url, project.folder, project.name));
  return Repository{
      .project = std::move(project), .texts = std::move(texts), .registry = std::move(registry)};
}

base::Result<std::shared_ptr<const features::FeaturePlan>> CompileDefinitions(
    const Repository& repository) {
  const project::Project& project = repository.project;
  return features::Compile(
      project.name, repository.texts,
      [&](const features::Source& source) -> base::Result<std::vector<features::Field>> {
        ARROW_ASSIGN_OR_RAISE(const features::Source concrete,
                              WithConcretePath(source, project.environment));
        return sources::ReadSchema(concrete, project.folder);
      });
}

bool DiffersFrom(const Repository& repository, const registry::Version& version) {
  const std::vector<features::DefinitionText>& applied = version.content.texts;
  const auto same_text = [](const features::DefinitionText& a, const features::DefinitionText& b) {
    return a.file == b.file && a.text == b.text;
  };
  if (std::equal(repository.texts.begin(), repository.texts.end(), applied.begin(), applied.end(),
                 same_text)) {
    return false;
  }
  const auto plan = CompileDefinitions(repository);
  return !plan.ok() || features::EncodePlan(**plan) != features::EncodePlan(*version.content.plan);
}

base::Result<std::shared_ptr<const features::FeaturePlan>> WithConcretePaths(
    const features::FeaturePlan& plan, const project::Environment& environment) {
  auto concrete = std::make_shared<features::FeaturePlan>(plan);
  std::vector<base::Problem> problems;
  for (features::Source& source : concrete->sources) {
    const base::Result<features::Source> replaced = WithConcretePath(source, environment);
    if (replaced.ok()) {
      source = *replaced;
    } else {
      problems.push_back(base::ProblemsOf(replaced.status())[0]);
    }
  }
  if (!problems.empty()) return base::Errors(std::move(problems));
  return std::shared_ptr<const features::FeaturePlan>(std::move(concrete));
}

}  // namespace millrace::jobs
