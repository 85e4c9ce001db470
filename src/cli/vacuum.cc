// `millrace vacuum --online`: calls jobs/update/vacuum_online.h. That of the lake is reserved.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/program.h"
#include "jobs/update/vacuum_online.h"

namespace millrace::cli {
namespace {

struct VacuumArguments {
  jobs::VacuumOnlineOptions options;
  bool online = false;
  bool json = false;
  bool skip_code = false;
};

base::Result<int> RunVacuum(const VacuumArguments& arguments, const Terminal& terminal) {
  if (!arguments.online) {
    return base::Error({.code = base::codes::kReserved,
                        .message = "`millrace vacuum` of the lake is reserved, and not built yet",
                        .hint = "`millrace vacuum --online` is that of the online store"});
  }
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const jobs::VacuumOnlineReport report,
                        jobs::VacuumOnline(repository, arguments.options, *terminal.clock));
  *terminal.out << (arguments.json ? jobs::ToJson(report) + "\n" : jobs::ToText(report));
  return arguments.skip_code && !report.state.changed ? kExitNothingToDo : kExitDone;
}

}  // namespace

void AddVacuum(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<VacuumArguments>();
  CLI::App* command =
      app.add_subcommand("vacuum", "Take out of the online store what no view can reach");
  command->add_flag("--online", arguments->online, "Of the online store (that of the lake: later)");
  command
      ->add_option("--wait", arguments->options.wait_seconds,
                   "For another owner of the store to end")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->type_name("SECONDS");
  command->add_flag("--json", arguments->json, "The report for machines");
  command->add_flag("--skip-code", arguments->skip_code,
                    "Exit with 99 when there was nothing to remove");
  command->callback([arguments, &program] {
    program.Choose([arguments, &program] { return RunVacuum(*arguments, program.terminal()); });
  });
}

}  // namespace millrace::cli
