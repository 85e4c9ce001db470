// `millrace show`: one item of the newest version with all its properties.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/program.h"
#include "jobs/definitions/catalog.h"
#include "jobs/definitions/catalog_json.h"

namespace millrace::cli {
namespace {

struct ShowOptions {
  std::string name;
  std::string kind;
  bool json = false;
};

base::Result<int> RunShow(const ShowOptions& options, const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const registry::Version version, jobs::NewestVersion(repository));
  ARROW_ASSIGN_OR_RAISE(const registry::Item item,
                        jobs::FindItem(*version.content.plan, options.name, options.kind));
  if (options.json) {
    *terminal.out << jobs::JsonText(jobs::ItemJson(version.header.number, item)) << '\n';
    return kExitDone;
  }
  size_t width = 0;
  for (const auto& [property, value] : item.properties.items())
    width = std::max(width, property.size());
  *terminal.out << fmt::format("{} {} (version {})\n", item.kind, item.name, version.header.number);
  for (const auto& [property, value] : item.properties.items()) {
    *terminal.out << fmt::format("  {:{}}  {}\n", property, width, registry::PropertyText(value));
  }
  return kExitDone;
}

}  // namespace

void AddShow(CLI::App& app, Program& program) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command =
      app.add_subcommand("show", "Show one definition of the registry's newest version");
  command->add_option("name", options->name, "user_spend, user_spend:sum_7d, …")->required();
  command->add_option("--kind", options->kind,
                      "Where several are called so: entity, source, view, …");
  command->add_flag("--json", options->json, "For machines");
  command->callback([options, &program] {
    program.Choose([options, &program] { return RunShow(*options, program.terminal()); });
  });
}

}  // namespace millrace::cli
