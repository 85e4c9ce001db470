// `millrace history`: the versions of the registry, newest first, each with what it changed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/program.h"
#include "jobs/definitions/catalog_json.h"
#include "jobs/repository.h"

namespace millrace::cli {
namespace {

base::Result<int> RunHistory(bool json, const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const std::vector<registry::VersionHeader> history,
                        repository.registry.History());
  if (json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const registry::VersionHeader& version : history) {
      list.push_back(jobs::VersionJson(version));
    }
    *terminal.out << jobs::JsonText(list) << '\n';
    return kExitDone;
  }
  if (history.empty()) terminal.Note("nothing has been applied yet; run `millrace apply`");
  for (const registry::VersionHeader& version : history) {
    *terminal.out << fmt::format("version {}  {}  {}\n", version.number,
                                 base::FormatTime(version.time), version.author);
    size_t begin = 0;
    while (begin < version.diff.size()) {
      const size_t end = std::min(version.diff.find('\n', begin), version.diff.size());
      *terminal.out << "  " << version.diff.substr(begin, end - begin) << '\n';
      begin = end + 1;
    }
  }
  return kExitDone;
}

}  // namespace

void AddHistory(CLI::App& app, Program& program) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("history", "List the registry's versions, newest first");
  command->add_flag("--json", *json, "For machines");
  command->callback([json, &program] {
    program.Choose([json, &program] { return RunHistory(*json, program.terminal()); });
  });
}

}  // namespace millrace::cli
