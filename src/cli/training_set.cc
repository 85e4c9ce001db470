// `millrace training-set`: reads the options and calls jobs/training/training_set.h with the newest
// applied plan, or with --verify jobs/training/verify.h with the plan that the proof names.
#include "jobs/training/training_set.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/applied_plan.h"
#include "cli/program.h"
#include "cli/progress_line.h"
#include "cli/steady_clock.h"
#include "jobs/repository.h"
#include "jobs/training/proof.h"
#include "jobs/training/verify.h"
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
  std::string verify;
  std::optional<int64_t> sample;
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
  if (arguments.sample.has_value()) {
    return base::Error(base::codes::kUsage, "--sample goes together with --verify alone");
  }
  return options;
}

base::Result<int> RunTrainingSet(const TrainingSetArguments& arguments, const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(jobs::TrainingSetOptions options, ReadOptions(arguments));
  ARROW_ASSIGN_OR_RAISE(const AppliedPlan applied, ReadAppliedPlan(terminal));
  options.folders = applied.folders;
  options.registry_version = applied.version;
  if (!options.memory_bytes.has_value()) options.memory_bytes = applied.memory_bytes_max;
  const SteadyClock steady;
  const std::unique_ptr<base::Progress> progress = ProgressFor(terminal, &steady);
  options.progress = progress.get();
  ARROW_ASSIGN_OR_RAISE(const offline::Report report,
                        jobs::MakeTrainingSet(*applied.plan, options));
  if (arguments.json) {
    *terminal.out << offline::ToJson(report) << '\n';
  } else {
    *terminal.out << fmt::format("{}: {} rows, {} columns, by version {}\n", options.out,
                                 report.rows_out, report.columns_out, applied.version)
                  << offline::ToText(report)
                  << fmt::format("  proof    {}\n", jobs::ProofPath(options.out));
  }
  return kExitDone;
}

// Everything else is in the proof.
base::Status RefuseBesideVerify(const CLI::App& command) {
  std::vector<base::Problem> problems;
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || name == "--verify" || name == "--sample" || name == "--json" ||
        name == "--help" || name.starts_with("-h")) {
      continue;
    }
    problems.push_back({base::codes::kUsage, name + " does not go together with --verify"});
  }
  return problems.empty() ? base::Status::OK() : base::Errors(std::move(problems));
}

base::Result<int> RunVerify(const TrainingSetArguments& arguments, const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  jobs::VerifyOptions options;
  options.file = arguments.verify;
  ARROW_ASSIGN_OR_RAISE(options.folders, jobs::FoldersOf(repository.project));
  if (arguments.sample.has_value()) options.sample_keys = *arguments.sample;
  const auto plan_of =
      [&](int number) -> base::Result<std::shared_ptr<const features::FeaturePlan>> {
    ARROW_ASSIGN_OR_RAISE(const registry::Version version, repository.registry.Load(number));
    return jobs::WithConcretePaths(*version.content.plan, repository.project.environment);
  };
  ARROW_ASSIGN_OR_RAISE(const jobs::Verification verified,
                        jobs::VerifyTrainingSet(plan_of, options));
  *terminal.out << (arguments.json ? jobs::ToJson(verified) + "\n" : jobs::ToText(verified));
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
  command
      ->add_option("--verify", arguments->verify,
                   "Instead of all this: check a training set against its proof")
      ->type_name("FILE");
  command->add_option("--sample", arguments->sample, "With --verify: how many keys to recompute")
      ->type_name("N");
  command->add_flag("--json", arguments->json, "The report for machines");
  command->callback([arguments, command, &program] {
    program.Choose([arguments, command, &program]() -> base::Result<int> {
      if (command->count("--verify") == 0) return RunTrainingSet(*arguments, program.terminal());
      ARROW_RETURN_NOT_OK(RefuseBesideVerify(*command));
      return RunVerify(*arguments, program.terminal());
    });
  });
}

}  // namespace millrace::cli
