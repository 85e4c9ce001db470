// `millrace explain`: the events and the arithmetic behind one value (jobs/explain/explain.h).
#include "jobs/explain/explain.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/applied_plan.h"
#include "cli/program.h"
#include "jobs/source_folders.h"

namespace millrace::cli {
namespace {

struct ExplainArguments {
  std::string feature;
  std::vector<std::string> keys;
  std::vector<std::string> request;
  std::string at;
  bool json = false;
};

base::Result<int> RunExplain(const ExplainArguments& arguments, const Terminal& terminal) {
  jobs::ExplainRequest request;
  request.feature = arguments.feature;
  ARROW_ASSIGN_OR_RAISE(request.keys, ReadAssignments("--key", arguments.keys));
  ARROW_ASSIGN_OR_RAISE(request.request, ReadAssignments("--request", arguments.request));
  ARROW_ASSIGN_OR_RAISE(request.at, base::ParseTime(arguments.at));
  ARROW_ASSIGN_OR_RAISE(const AppliedPlan applied, ReadAppliedPlan(terminal));
  ARROW_ASSIGN_OR_RAISE(const jobs::Explanation explanation,
                        jobs::Explain(*applied.plan, request, jobs::SourcesIn(applied.folders)));
  *terminal.out << (arguments.json ? jobs::ToJson(explanation) + "\n" : jobs::ToText(explanation));
  return kExitDone;
}

}  // namespace

void AddExplain(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<ExplainArguments>();
  CLI::App* command =
      app.add_subcommand("explain", "Show the events and the arithmetic behind one value");
  command->add_option("--feature", arguments->feature, "view:feature")->required()->type_name("F");
  command->add_option("--key", arguments->keys, "user_id=u1; again for every key column")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  command->add_option("--request", arguments->request, "price=9.5; again for every request field")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  command->add_option("--at", arguments->at, "The moment asked about")->required()->type_name("T");
  command->add_flag("--json", arguments->json, "For machines");
  command->callback([arguments, &program] {
    program.Choose([arguments, &program] { return RunExplain(*arguments, program.terminal()); });
  });
}

}  // namespace millrace::cli
