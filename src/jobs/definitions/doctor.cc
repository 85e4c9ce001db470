#include "jobs/definitions/doctor.h"

#include <fmt/format.h>

#include "jobs/definitions/catalog.h"
#include "jobs/repository.h"
#include "jobs/source_folders.h"
#include "sources/event_reader.h"

namespace millrace::jobs {
namespace {

Check Failed(std::string name, const base::Status& status) {
  std::string text;
  for (const base::Problem& problem : base::ProblemsOf(status)) {
    text += (text.empty() ? "" : "\n") + problem.ToString();
  }
  return {.name = std::move(name), .ok = false, .text = std::move(text)};
}

Check CheckRegistry(const Repository& repository) {
  const auto newest = repository.registry.Newest();
  if (!newest.ok()) return Failed("registry", newest.status());
  std::string text = "nothing has been applied yet";
  if (*newest) {
    text = fmt::format(
        "version {}{}", (*newest)->header.number,
        DiffersFrom(repository, **newest) ? ", the definitions on disk say something else" : "");
  }
  return {.name = "registry", .ok = true, .text = std::move(text)};
}

Check CheckSource(const Repository& repository, const features::Source& source) {
  std::string name = "source " + source.name;
  const auto folders = FoldersOf(repository.project);
  if (!folders.ok()) return Failed(std::move(name), folders.status());
  const auto reader = SourcesIn(*folders)(source, {.root = "", .columns = {}});
  if (!reader.ok()) return Failed(std::move(name), reader.status());
  int64_t bytes = 0;
  const auto files = (*reader)->Files();
  if (!files.ok()) return Check{.name = name, .ok = false, .text = files.status().message()};
  for (const sources::InputFile& file : *files) bytes += file.bytes;
  return {.name = std::move(name),
          .ok = true,
          .text = fmt::format("{} files, {} bytes", files->size(), bytes)};
}

}  // namespace

std::vector<Check> Examine(const std::string& folder) {
  std::vector<Check> checks;
  const auto repository = OpenRepository(folder);
  if (!repository.ok()) return {Failed("project", repository.status())};
  checks.push_back({.name = "project",
                    .ok = true,
                    .text = fmt::format("{}, {} definition files", repository->project.name,
                                        repository->texts.size())});
  auto plan = CompileDefinitions(*repository);
  if (plan.ok()) plan = WithConcretePaths(**plan, repository->project.environment);
  if (plan.ok()) {
    checks.push_back(
        {.name = "definitions",
         .ok = true,
         .text = fmt::format("{} views, {} on demand, {} services", (*plan)->views.size(),
                             (*plan)->on_demand.size(), (*plan)->services.size())});
  } else {
    checks.push_back(Failed("definitions", plan.status()));
  }
  checks.push_back(CheckRegistry(*repository));
  if (plan.ok()) {
    for (const features::Source& source : (*plan)->sources) {
      checks.push_back(CheckSource(*repository, source));
    }
  }
  return checks;
}

}  // namespace millrace::jobs
