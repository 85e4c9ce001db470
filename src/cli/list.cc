// `millrace list`: one line per item of the newest version.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/program.h"
#include "cli/table_text.h"
#include "jobs/definitions/catalog.h"
#include "jobs/definitions/catalog_json.h"

namespace millrace::cli {
namespace {

struct ListOptions {
  std::string kind;
  bool json = false;
};

std::string Text(const registry::Item& item, const char* property) {
  return item.properties.contains(property) ? registry::PropertyText(item.properties[property])
                                            : "";
}

// What a person wants to know first of an item of this kind.
std::string Summary(const registry::Item& item) {
  if (item.kind == "entity") return Text(item, "keys");
  if (item.kind == "source") return Text(item, "path");
  if (item.kind == "view") return Text(item, "kind") + " of " + Text(item, "source");
  if (item.kind == "on_demand") return "from " + Text(item, "inputs");
  if (item.kind == "service") return Text(item, "features");
  const std::string window = Text(item, "window");
  return Text(item, "type") + " = " + Text(item, "value") +
         (window.empty() ? "" : " over " + window);
}

base::Result<int> RunList(const ListOptions& options, const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const registry::Version version, jobs::NewestVersion(repository));
  ARROW_ASSIGN_OR_RAISE(const std::vector<registry::Item> items,
                        jobs::ListItems(*version.content.plan, options.kind));
  if (options.json) {
    *terminal.out << jobs::JsonText(jobs::ItemsJson(version.header.number, items)) << '\n';
    return kExitDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const registry::Item& item : items) {
    rows.push_back({item.kind, item.name, Text(item, "owner"), Summary(item)});
  }
  *terminal.out << TableText({"KIND", "NAME", "OWNER", "WHAT"}, rows);
  return kExitDone;
}

}  // namespace

void AddList(CLI::App& app, Program& program) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = app.add_subcommand("list", "List what the registry's newest version defines");
  command->add_option("kind", options->kind,
                      "entities, sources, views, features, on_demand, labels or services");
  command->add_flag("--json", options->json, "For machines");
  command->callback([options, &program] {
    program.Choose([options, &program] { return RunList(*options, program.terminal()); });
  });
}

}  // namespace millrace::cli
