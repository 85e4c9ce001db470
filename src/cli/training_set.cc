// `millrace training-set`: reads the options and calls jobs/training_set.h with the newest applied
// plan.
#include "jobs/training_set.h"

#include <arrow/table.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/applied_plan.h"
#include "cli/program.h"
#include "project/memory.h"

namespace millrace::cli {
namespace {

// As they were typed; times and durations are read when the command runs.
struct TrainingSetArguments {
  jobs::TrainingSetOptions options;
  std::string every;
  std::string from;
  std::string to;
  std::string memory;
  bool verify = false;
  bool json = false;
};

// The option's text as `Value`, or nothing when it was not given.
template <typename Value>
base::Status ReadOption(const char* name, const std::string& text,
                        base::Result<Value> (*read)(std::string_view),
                        std::optional<Value>* value) {
  if (text.empty()) return base::Status::OK();
  const base::Result<Value> parsed = read(text);
  if (!parsed.ok()) {
    return base::Error(base::codes::kUsage,
                       fmt::format("{}: {}", name, base::ProblemsOf(parsed.status())[0].message));
  }
  *value = *parsed;
  return base::Status::OK();
}

base::Result<jobs::TrainingSetOptions> ReadOptions(const TrainingSetArguments& arguments) {
  jobs::TrainingSetOptions options = arguments.options;
  ARROW_RETURN_NOT_OK(ReadOption("--every", arguments.every, base::ParseDuration, &options.every));
  ARROW_RETURN_NOT_OK(ReadOption("--from", arguments.from, base::ParseTime, &options.from));
  ARROW_RETURN_NOT_OK(ReadOption("--to", arguments.to, base::ParseTime, &options.to));
  ARROW_RETURN_NOT_OK(
      ReadOption("--memory", arguments.memory, project::ParseMemory, &options.memory_bytes));
  if (arguments.verify) {
    return base::Error(base::codes::kReserved,
                       "`training-set --verify` is reserved, and not built yet");
  }
  return options;
}

base::Result<int> RunTrainingSet(const TrainingSetArguments& arguments, const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(jobs::TrainingSetOptions options, ReadOptions(arguments));
  ARROW_ASSIGN_OR_RAISE(const AppliedPlan applied, ReadAppliedPlan(terminal));
  options.root = applied.root;
  ARROW_ASSIGN_OR_RAISE(const offline::TrainingSet made,
                        jobs::MakeTrainingSet(*applied.plan, options));
  if (arguments.json) {
    *terminal.out << offline::ToJson(made.report) << '\n';
  } else {
    *terminal.out << fmt::format("{}: {} rows, {} columns, by version {}\n", options.out,
                                 made.table->num_rows(), made.table->num_columns(), applied.version)
                  << offline::ToText(made.report);
  }
  return kExitDone;
}

}  // namespace

void AddTrainingSet(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<TrainingSetArguments>();
  jobs::TrainingSetOptions& options = arguments->options;
  CLI::App* command = app.add_subcommand(
      "training-set", "Features and labels as they were known at each row's time, into a file");
  command
      ->add_option("--spine", options.spine,
                   "Rows to answer: keys and a time (.parquet, .csv, .arrow)")
      ->type_name("FILE");
  command->add_option("--features", options.features, "view:feature or view:*, with commas")
      ->delimiter(',')
      ->type_name("A,B");
  command->add_option("--service", options.service, "Or all features of a service")->type_name("S");
  command->add_option("--labels", options.labels, "Labels, with commas")
      ->delimiter(',')
      ->type_name("L");
  command->add_option("--out", options.out, "The file to write (.parquet, .csv, .arrow)")
      ->required()
      ->type_name("FILE");
  command->add_option("--timestamp", options.timestamp, "The spine's time column")
      ->capture_default_str();
  command->add_option("--every", arguments->every, "Without a spine: a step, as 1d")
      ->type_name("D");
  command->add_option("--from", arguments->from, "Without a spine: the first step")->type_name("T");
  command->add_option("--to", arguments->to, "Without a spine: before this time")->type_name("T");
  command->add_flag("--full-names", options.full_names, "Columns are called view__feature");
  command->add_flag("--ignore-created", options.ignore_created,
                    "Use rows before they were known, and say what that changes");
  command->add_flag("--strict", options.strict, "Fail on any rejected row or cell with an error");
  command->add_option("--memory", arguments->memory, "Ceiling, as 4GiB")->type_name("N");
  command->add_flag("--verify", arguments->verify, "Reserved");
  command->add_flag("--json", arguments->json, "The report for machines");
  command->callback([arguments, &program] {
    program.Choose(
        [arguments, &program] { return RunTrainingSet(*arguments, program.terminal()); });
  });
}

}  // namespace millrace::cli
