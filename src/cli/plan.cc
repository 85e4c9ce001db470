// `millrace plan`: what applying the definitions on disk would change, and what their views would
// take online (jobs/definitions/online_size.h). Reads; changes nothing.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/program.h"
#include "jobs/definitions/apply.h"
#include "jobs/definitions/online_size.h"

namespace millrace::cli {
namespace {

struct PlanOptions {
  bool json = false;
  bool skip_code = false;
};

void PrintJson(const jobs::PlannedChange& planned, const jobs::OnlineSize& size,
               std::ostream& out) {
  const nlohmann::ordered_json object = {{"base", planned.base},
                                         {"changes", planned.changes},
                                         {"diff", registry::ToJson(planned.diff)},
                                         {"online", jobs::ToJson(size)}};
  out << object.dump(2) << '\n';
}

void PrintText(const jobs::PlannedChange& planned, std::ostream& out) {
  if (!planned.changes) {
    out << fmt::format("nothing to do: version {} says the same\n", planned.base);
    return;
  }
  out << registry::ToText(planned.diff);
  out << fmt::format(
      "{} changes on top of {}; `millrace apply` makes them version {}\n", planned.diff.size(),
      planned.base == 0 ? std::string("nothing") : fmt::format("version {}", planned.base),
      planned.base + 1);
}

base::Result<int> RunPlan(const PlanOptions& options, const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const jobs::PlannedChange planned, jobs::PlanChange(repository));
  ARROW_ASSIGN_OR_RAISE(
      const jobs::OnlineSize size,
      jobs::EstimateOnlineSize(repository, *planned.content.plan, *terminal.clock));
  if (options.json) {
    PrintJson(planned, size, *terminal.out);
  } else {
    PrintText(planned, *terminal.out);
    *terminal.out << jobs::ToText(size);
  }
  return options.skip_code && !planned.changes ? kExitNothingToDo : kExitDone;
}

}  // namespace

void AddPlan(CLI::App& app, Program& program) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app.add_subcommand("plan",
                                         "Show what applying the definitions would change, and "
                                         "what they take online; changes nothing");
  command->add_flag("--json", options->json, "For machines");
  command->add_flag("--skip-code", options->skip_code, "Exit with 99 when there is nothing to do");
  command->callback([options, &program] {
    program.Choose([options, &program] { return RunPlan(*options, program.terminal()); });
  });
}

}  // namespace millrace::cli
