#include "cli/program.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>

namespace millrace::cli {
namespace {

namespace codes = base::codes;

std::vector<const CLI::App*> Commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : Commands(app)) names.push_back(command->get_name());
  return names;
}

// The first word that is neither an option nor the value of --project; "" when there is none.
std::string CommandWord(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--project") {
      ++i;
    } else if (!arguments[i].starts_with("-")) {
      return arguments[i];
    }
  }
  return "";
}

// "did you mean '--features'?" for the first argument that looks like an option of `command` and is
// none.
std::string OptionHint(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* command = nullptr;
  for (const CLI::App* candidate : Commands(app)) {
    if (candidate->get_name() == CommandWord(arguments)) command = candidate;
  }
  if (command == nullptr) return "try `millrace --help`";
  std::vector<std::string> names;
  for (const CLI::App* parser : {command, &app}) {
    for (const CLI::Option* option : parser->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (!name.starts_with("--") || std::find(names.begin(), names.end(), name) != names.end())
      continue;
    if (std::string hint = base::NearestHint(name, names); !hint.empty()) return hint;
  }
  return fmt::format("try `millrace {} --help`", command->get_name());
}

void AddCommands(CLI::App& app, Program& program) {
  AddInit(app, program);
  AddPlan(app, program);
  AddApply(app, program);
  AddList(app, program);
  AddServe(app, program);
  AddShow(app, program);
  AddLineage(app, program);
  AddHistory(app, program);
  AddTrainingSet(app, program);
  AddExplain(app, program);
  AddMaterialize(app, program);
  AddVacuum(app, program);
  AddGet(app, program);
  AddPush(app, program);
  AddDoctor(app, program);
  AddVersion(app, program);
}

}  // namespace

int Program::Refuse(const base::Problem& problem) const {
  *terminal_.err << problem.ToString() << '\n';
  return problem.code.exit_code;
}

int Program::Run(const std::vector<std::string>& arguments) {
  CLI::App app(
      "Features for machine learning: one definition, the same value in training and serving.",
      "millrace");
  app.add_option("--project", terminal_.project_dir, "The folder with millrace.yaml")
      ->type_name("DIR");
  app.fallthrough();
  app.require_subcommand(1);
  AddCommands(app, *this);

  const std::string word = CommandWord(arguments);
  const std::vector<std::string> commands = CommandNames(app);
  if (const std::string refused = ReservedCommand(word); !refused.empty()) {
    return Refuse({.code = codes::kReserved, .message = refused});
  }
  if (!word.empty() && std::find(commands.begin(), commands.end(), word) == commands.end()) {
    std::string hint = base::NearestHint(word, commands);
    return Refuse({.code = codes::kUsage,
                   .message = fmt::format("no command '{}'", word),
                   .hint = hint.empty() ? "try `millrace --help`" : std::move(hint)});
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      return app.exit(error, *terminal_.out, *terminal_.err);
    }
    return Refuse(
        {.code = codes::kUsage, .message = error.what(), .hint = OptionHint(app, arguments)});
  }
  const base::Result<int> outcome = action_();
  terminal_.out->flush();
  if (!outcome.ok()) {
    terminal_.PrintProblems(outcome.status());
    return base::ExitCode(outcome.status());
  }
  if (!terminal_.out->good()) {
    return Refuse({.code = codes::kIo, .message = "the output could not be written to its end"});
  }
  return *outcome;
}

}  // namespace millrace::cli
