// Program: the command line as a whole: parses it, runs one subcommand, and turns the outcome into
// an exit code. main() is a call of Run; tests call it too.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace CLI {
class App;
}

namespace millrace::cli {

// Exit codes (docs/cli.md) besides those of base::Code.
inline constexpr int kExitDone = 0;
inline constexpr int kExitNothingToDo = 99;  // only with --skip-code

// What a subcommand does when it was chosen: the exit code, or what went wrong.
using Action = std::function<base::Result<int>()>;

// One subcommand puts its options and its action into the parser.
class Program {
 public:
  explicit Program(Terminal terminal) : terminal_(std::move(terminal)) {}

  // REQUIRES: `arguments` without the program's name.
  int Run(const std::vector<std::string>& arguments);

  Terminal& terminal() { return terminal_; }
  // To be called by a subcommand's parser callback.
  void Choose(Action action) { action_ = std::move(action); }

 private:
  int Refuse(const base::Problem& problem) const;

  Terminal terminal_;
  Action action_;
};

// The subcommands, one file each.
void AddApply(CLI::App& app, Program& program);
void AddDoctor(CLI::App& app, Program& program);
void AddExplain(CLI::App& app, Program& program);
void AddGet(CLI::App& app, Program& program);
void AddHistory(CLI::App& app, Program& program);
void AddInit(CLI::App& app, Program& program);
void AddLineage(CLI::App& app, Program& program);
void AddList(CLI::App& app, Program& program);
void AddMaterialize(CLI::App& app, Program& program);
void AddPlan(CLI::App& app, Program& program);
void AddPush(CLI::App& app, Program& program);
void AddServe(CLI::App& app, Program& program);
void AddShow(CLI::App& app, Program& program);
void AddTrainingSet(CLI::App& app, Program& program);
void AddVacuum(CLI::App& app, Program& program);
void AddVersion(CLI::App& app, Program& program);

// Words of the command line whose place is kept, with what is refused; "" when `word` is none.
std::string ReservedCommand(const std::string& word);
std::vector<std::string> ReservedCommands();

}  // namespace millrace::cli
