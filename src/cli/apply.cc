// `millrace apply`: makes the definitions on disk the next version of the registry.
#include "jobs/definitions/apply.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "cli/program.h"

namespace millrace::cli {
namespace {

struct ApplyArguments {
  jobs::ApplyOptions options;
  int base = -1;  // --base was not given
  bool json = false;
  bool skip_code = false;
};

// Who applies, where --author does not say: the user that this process runs as.
std::string UserName() {
  char buffer[4096];
  struct passwd user = {};
  struct passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &user, buffer, sizeof buffer, &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return fmt::format("uid {}", geteuid());
}

base::Result<int> RunApply(const ApplyArguments& arguments, const Terminal& terminal) {
  jobs::ApplyOptions options = arguments.options;
  if (options.author.empty()) options.author = UserName();
  if (arguments.base >= 0) options.base = arguments.base;
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const jobs::Applied applied,
                        jobs::Apply(repository, options, *terminal.clock));
  if (arguments.json) {
    const nlohmann::ordered_json object = {{"version", applied.version},
                                           {"changed", applied.changed},
                                           {"diff", registry::ToJson(applied.diff)}};
    *terminal.out << object.dump(2) << '\n';
  } else if (applied.changed) {
    *terminal.out << registry::ToText(applied.diff)
                  << fmt::format("applied as version {}\n", applied.version);
  } else {
    *terminal.out << fmt::format("nothing to do: version {} says the same\n", applied.version);
  }
  return arguments.skip_code && !applied.changed ? kExitNothingToDo : kExitDone;
}

}  // namespace

void AddApply(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<ApplyArguments>();
  CLI::App* command =
      app.add_subcommand("apply", "Make the definitions the next version of the registry");
  command->add_option("--author", arguments->options.author, "Who applies (default: this user)")
      ->envname("MILLRACE_AUTHOR")
      ->type_name("NAME");
  command->add_option("--base", arguments->base, "Only on top of this version, as `plan` named it")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command->add_flag("--json", arguments->json, "For machines");
  command->add_flag("--skip-code", arguments->skip_code,
                    "Exit with 99 when there is nothing to do");
  command->callback([arguments, &program] {
    program.Choose([arguments, &program] { return RunApply(*arguments, program.terminal()); });
  });
}

}  // namespace millrace::cli
