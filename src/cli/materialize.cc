// `millrace materialize`: reads the options and calls jobs/update/materialize.h.
#include "jobs/update/materialize.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "cli/progress_line.h"
#include "cli/steady_clock.h"
#include "project/memory.h"
#include "serve/owner_client.h"

namespace millrace::cli {
namespace {

struct MaterializeArguments {
  jobs::MaterializeOptions options;
  std::string memory;
  bool json = false;
  bool skip_code = false;
};

// What is printed of a run, and whether it changed anything.
struct Printed {
  std::string text;
  bool changed = false;
};

// The run of the process that owns the store.
base::Result<Printed> MaterializeThere(serve::OwnerClient* owner,
                                       const jobs::MaterializeOptions& options, bool json) {
  nlohmann::ordered_json body = {{"feature_views", options.views}, {"rebuild", options.rebuild}};
  if (options.memory_bytes.has_value()) body["memory_bytes"] = *options.memory_bytes;
  ARROW_ASSIGN_OR_RAISE(const std::string answer, owner->Post("/materialize", body.dump()));
  const auto parsed = nlohmann::ordered_json::parse(answer);
  const auto& report = parsed.at("report");
  return Printed{json ? report.dump(2) + "\n" : parsed.at("text").get<std::string>(),
                 report.at("changed").get<bool>()};
}

base::Result<Printed> MaterializeHere(const jobs::Repository& repository,
                                      jobs::MaterializeOptions options, const Terminal& terminal,
                                      bool json) {
  const SteadyClock steady;
  const std::unique_ptr<base::Progress> progress = ProgressFor(terminal, &steady);
  options.progress = progress.get();
  ARROW_ASSIGN_OR_RAISE(const jobs::MaterializeReport report,
                        jobs::Materialize(repository, options, *terminal.clock));
  return Printed{json ? jobs::ToJson(report) + "\n" : jobs::ToText(report), report.changed};
}

base::Result<int> RunMaterialize(const MaterializeArguments& arguments, const Terminal& terminal) {
  jobs::MaterializeOptions options = arguments.options;
  if (!arguments.memory.empty()) {
    const auto bytes = project::ParseMemory(arguments.memory);
    if (!bytes.ok()) {
      return base::Error(base::codes::kUsage,
                         "--memory: " + base::ProblemsOf(bytes.status())[0].message);
    }
    options.memory_bytes = *bytes;
  }
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(auto owner, serve::OwnerClient::Find(repository.project));
  ARROW_ASSIGN_OR_RAISE(const Printed printed,
                        owner.has_value()
                            ? MaterializeThere(&*owner, options, arguments.json)
                            : MaterializeHere(repository, options, terminal, arguments.json));
  *terminal.out << printed.text;
  return arguments.skip_code && !printed.changed ? kExitNothingToDo : kExitDone;
}

}  // namespace

void AddMaterialize(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<MaterializeArguments>();
  jobs::MaterializeOptions& options = arguments->options;
  CLI::App* command = app.add_subcommand(
      "materialize", "Files that were not read yet, and what was pushed, into the online store");
  command->add_option("views", options.views, "Build these alone (default: all)")
      ->type_name("VIEW");
  command->add_flag("--rebuild", options.rebuild,
                    "Build them anew from all files, beside what is there");
  command->add_option("--memory", arguments->memory, "Ceiling, as 4GiB")->type_name("N");
  command->add_option("--wait", options.wait_seconds, "For another owner of the store to end")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->type_name("SECONDS");
  command->add_flag("--json", arguments->json, "The report for machines");
  command->add_flag("--skip-code", arguments->skip_code, "Exit with 99 when nothing was new");
  command->callback([arguments, &program] {
    program.Choose(
        [arguments, &program] { return RunMaterialize(*arguments, program.terminal()); });
  });
}

}  // namespace millrace::cli
