// `millrace version`: what was built, and from what.
#include <arrow/util/config.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/build_stamp.h"
#include "cli/program.h"

namespace millrace::cli {
namespace {

base::Result<int> RunVersion(bool json, const Terminal& terminal) {
  const BuildStamp build = Build();
  if (json) {
    const nlohmann::ordered_json object = {
        {"version", build.version}, {"commit", build.commit},     {"compiler", build.compiler},
        {"build", build.type},      {"sanitize", build.sanitize}, {"arrow", ARROW_VERSION_STRING}};
    *terminal.out << object.dump(2) << '\n';
    return kExitDone;
  }
  *terminal.out << fmt::format("millrace {}{}\n{}{}{}, Arrow {}\n", build.version,
                               build.commit.empty() ? "" : " (" + build.commit + ")",
                               build.compiler, build.type == "None" ? "" : ", " + build.type,
                               build.sanitize.empty() ? "" : ", sanitizers " + build.sanitize,
                               ARROW_VERSION_STRING);
  return kExitDone;
}

}  // namespace

void AddVersion(CLI::App& app, Program& program) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("version", "Say what was built");
  command->add_flag("--json", *json, "For machines");
  command->callback([json, &program] {
    program.Choose([json, &program] { return RunVersion(*json, program.terminal()); });
  });
}

}  // namespace millrace::cli
