#include "jobs/definitions/apply.h"

#include <fmt/format.h>

#include <utility>

#include "features/plan_codec.h"

namespace millrace::jobs {
namespace {

namespace codes = base::codes;

base::Status CheckBase(const ApplyOptions& options, int newest) {
  if (!options.base || *options.base == newest) return base::Status::OK();
  return base::Error(
      {.code = codes::kConflict,
       .message = fmt::format("the newest version is {}, not {}; nothing was changed", newest,
                              *options.base),
       .hint = "look at `millrace plan` again, then apply"});
}

bool IsConflict(const base::Status& status) {
  const std::vector<base::Problem> problems = base::ProblemsOf(status);
  return problems.size() == 1 && problems[0].code == codes::kConflict;
}

}  // namespace

base::Result<PlannedChange> PlanChange(const Repository& repository) {
  PlannedChange planned;
  ARROW_ASSIGN_OR_RAISE(planned.content.plan, CompileDefinitions(repository));
  planned.content.texts = repository.texts;
  ARROW_ASSIGN_OR_RAISE(const std::optional<registry::Version> newest,
                        repository.registry.Newest());
  const features::FeaturePlan* before = newest ? newest->content.plan.get() : nullptr;
  planned.base = newest ? newest->header.number : 0;
  planned.changes = before == nullptr ||
                    features::EncodePlan(*before) != features::EncodePlan(*planned.content.plan);
  planned.diff = registry::DiffPlans(before, *planned.content.plan);
  return planned;
}

base::Result<Applied> Apply(const Repository& repository, const ApplyOptions& options,
                            const base::Clock& clock) {
  ARROW_ASSIGN_OR_RAISE(PlannedChange planned, PlanChange(repository));
  ARROW_RETURN_NOT_OK(CheckBase(options, planned.base));
  if (!planned.changes) {
    return Applied{.version = planned.base, .changed = false, .diff = {}};
  }
  const base::Result<registry::VersionHeader> added =
      repository.registry.Add({.base = planned.base,
                               .author = options.author,
                               .time = clock.Now(),
                               .diff = registry::ToText(planned.diff)},
                              planned.content);
  if (added.ok()) {
    return Applied{.version = added->number, .changed = true, .diff = std::move(planned.diff)};
  }
  if (!IsConflict(added.status())) return added.status();
  ARROW_ASSIGN_OR_RAISE(const PlannedChange again, PlanChange(repository));
  if (again.base == planned.base || again.changes) return added.status();
  return Applied{.version = again.base, .changed = false, .diff = {}};
}

}  // namespace millrace::jobs
