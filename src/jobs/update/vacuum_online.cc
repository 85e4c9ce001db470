#include "jobs/update/vacuum_online.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "jobs/update/served_plans.h"

namespace millrace::jobs {

base::Result<VacuumOnlineReport> VacuumOnline(const Repository& repository,
                                              const VacuumOnlineOptions& options,
                                              const base::Clock& clock) {
  const std::string& project = repository.project.name;
  ARROW_ASSIGN_OR_RAISE(ServedPlans plans, ServedPlans::Open(repository));
  ARROW_ASSIGN_OR_RAISE(const auto store,
                        OpenOnlineStore(repository.project, false, options.wait_seconds));
  ARROW_ASSIGN_OR_RAISE(auto snapshot, store->Read());
  ARROW_ASSIGN_OR_RAISE(const auto description, state::Description::Read(*snapshot, project));
  snapshot = nullptr;
  const base::EventTime now = clock.Now();
  ARROW_ASSIGN_OR_RAISE(const auto views,
                        plans.AnsweringViews(description.catalog, description.Now(now)));
  VacuumOnlineReport report;
  ARROW_ASSIGN_OR_RAISE(report.state, state::Vacuum(store.get(), views, {project, now}));
  ARROW_ASSIGN_OR_RAISE(report.bytes, store->SizeBytes());
  return report;
}

std::string ToText(const VacuumOnlineReport& report) {
  const state::VacuumReport& state = report.state;
  std::string text = state.changed ? fmt::format("commit {}\n", state.commit)
                                   : fmt::format("nothing to remove: commit {}\n", state.commit);
  return text + fmt::format(
                    "  tables   {:>9}  removed: they served no view\n"
                    "  keys     {:>9}  looked at, {} of them shrunk, {} removed\n"
                    "  bytes    {:>9}  in the store\n",
                    state.tables_removed, state.keys, state.keys_changed, state.keys_removed,
                    report.bytes);
}

std::string ToJson(const VacuumOnlineReport& report) {
  const nlohmann::ordered_json json = {{"commit", report.state.commit},
                                       {"changed", report.state.changed},
                                       {"tables_removed", report.state.tables_removed},
                                       {"keys", report.state.keys},
                                       {"keys_changed", report.state.keys_changed},
                                       {"keys_removed", report.state.keys_removed},
                                       {"bytes", report.bytes}};
  return json.dump(2);
}

}  // namespace millrace::jobs
