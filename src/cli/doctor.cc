// `millrace doctor`: whether this folder is fit to work with, check by check.
#include "jobs/definitions/doctor.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/build_stamp.h"
#include "cli/program.h"

namespace millrace::cli {
namespace {

base::Result<int> RunDoctor(bool json, const Terminal& terminal) {
  const std::vector<jobs::Check> checks = jobs::Examine(terminal.project_dir);
  const bool well =
      std::all_of(checks.begin(), checks.end(), [](const jobs::Check& c) { return c.ok; });
  if (json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const jobs::Check& check : checks) {
      list.push_back({{"name", check.name}, {"ok", check.ok}, {"text", check.text}});
    }
    const nlohmann::ordered_json object = {
        {"millrace", Build().version}, {"ok", well}, {"checks", list}};
    *terminal.out << object.dump(2) << '\n';
  } else {
    *terminal.out << fmt::format("ok      millrace {}\n", Build().version);
    for (const jobs::Check& check : checks) {
      *terminal.out << fmt::format("{}  {}: {}\n", check.ok ? "ok    " : "FAILED", check.name,
                                   check.text);
    }
  }
  return well ? kExitDone : 1;
}

}  // namespace

void AddDoctor(CLI::App& app, Program& program) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "doctor", "Check the project, its definitions, its files and its registry");
  command->add_flag("--json", *json, "For machines");
  command->callback([json, &program] {
    program.Choose([json, &program] { return RunDoctor(*json, program.terminal()); });
  });
}

}  // namespace millrace::cli
