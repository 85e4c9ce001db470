// `millrace lineage`: what an item is made of and what is made of it, as trees or edges.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/program.h"
#include "jobs/definitions/catalog.h"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

struct LineageOptions {
  std::string name;
  std::string kind;
  bool json = false;
};

Json NodeJson(const registry::LineageNode& node) {
  return {{"kind", node.kind}, {"name", node.name}};
}

Json EdgesJson(const std::vector<registry::LineageEdge>& edges) {
  Json list = Json::array();
  for (const registry::LineageEdge& edge : edges) {
    list.push_back({{"user", NodeJson(edge.user)}, {"input", NodeJson(edge.input)}});
  }
  return list;
}

base::Result<int> RunLineage(const LineageOptions& options, const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const registry::Version version, jobs::NewestVersion(repository));
  ARROW_ASSIGN_OR_RAISE(const registry::Lineage lineage,
                        jobs::FindLineage(*version.content.plan, options.name, options.kind));
  if (options.json) {
    const Json object = {{"version", version.header.number},
                         {"node", NodeJson(lineage.node)},
                         {"inputs", EdgesJson(lineage.inputs)},
                         {"users", EdgesJson(lineage.users)}};
    *terminal.out << object.dump(2) << '\n';
  } else {
    *terminal.out << registry::ToText(lineage);
  }
  return kExitDone;
}

}  // namespace

void AddLineage(CLI::App& app, Program& program) {
  auto options = std::make_shared<LineageOptions>();
  CLI::App* command =
      app.add_subcommand("lineage", "Show what something is made of, and what uses it");
  command->add_option("name", options->name, "A feature, view, source, column (source.column), …")
      ->required();
  command->add_option("--kind", options->kind,
                      "Where several are called so: entity, source, view, …");
  command->add_flag("--json", options->json, "For machines");
  command->callback([options, &program] {
    program.Choose([options, &program] { return RunLineage(*options, program.terminal()); });
  });
}

}  // namespace millrace::cli
