#include "jobs/update/served_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "jobs/definitions/catalog.h"
#include "state/binding.h"

namespace millrace::jobs {

using base::EventTime;
using base::Result;
using base::Status;
using features::FeaturePlan;
using features::Source;
using features::View;

namespace {

// Whether the store has all that the view needs, that of the views that it looks up included.
bool IsReady(const FeaturePlan& plan, const View& view, const state::Catalog& catalog,
             EventTime now) {
  return state::BindReady(plan, view, catalog, now).has_value() &&
         std::all_of(view.lookups.begin(), view.lookups.end(), [&](const features::Lookup& lookup) {
           return state::BindReady(plan, plan.views[lookup.view], catalog, now).has_value();
         });
}

// Whether both make the same batches of the same rows, wherever these lie.
bool SameReading(const Source& a, const Source& b) {
  const auto created = [](const Source& source) {
    return source.created ? source.created.text() : std::string();
  };
  return a.columns == b.columns && a.timestamp == b.timestamp &&
         a.timestamp_unit == b.timestamp_unit && created(a) == created(b) && a.from == b.from &&
         a.location.column_paths == b.location.column_paths;
}

bool ReadsAsNow(const FeaturePlan& plan, const View& view, const FeaturePlan& newest) {
  const auto same = [&](const View& read) {
    const Source& source = plan.sources[read.source];
    const int now = newest.FindSource(source.name);
    return now >= 0 && SameReading(source, newest.sources[now]);
  };
  return same(view) &&
         std::all_of(view.lookups.begin(), view.lookups.end(),
                     [&](const features::Lookup& lookup) { return same(plan.views[lookup.view]); });
}

// The view and those that it looks up.
void AddView(const FeaturePlan& plan, int view, std::set<int>* views) {
  views->insert(view);
  for (const features::Lookup& lookup : plan.views[view].lookups) views->insert(lookup.view);
}

}  // namespace

Result<std::set<int>> FindViews(const FeaturePlan& plan, const std::vector<std::string>& names) {
  std::set<int> views;
  if (names.empty()) {
    for (int i = 0; i < static_cast<int>(plan.views.size()); ++i) views.insert(i);
    return views;
  }
  std::vector<std::string> known;
  for (const features::View& view : plan.views) known.push_back(view.name);
  std::vector<base::Problem> problems;
  for (const std::string& name : names) {
    const int view = plan.FindView(name);
    if (view >= 0) {
      views.insert(view);
      continue;
    }
    const bool on_demand = plan.FindOnDemand(name) >= 0;
    problems.push_back({.code = base::codes::kUnknownName,
                        .message = "there is no view '" + name + "'" +
                                   (on_demand ? ": an on-demand view has no rows" : ""),
                        .hint = on_demand ? "" : base::NearestHint(name, known)});
  }
  if (!problems.empty()) return base::Errors(std::move(problems));
  return views;
}

Result<ServedPlans> ServedPlans::Open(const Repository& repository) {
  ServedPlans plans(repository);
  ARROW_ASSIGN_OR_RAISE(const registry::Version newest, NewestVersion(repository));
  ARROW_ASSIGN_OR_RAISE(auto plan,
                        WithConcretePaths(*newest.content.plan, repository.project.environment));
  const int number = newest.header.number;
  plans.plans_.emplace(number, ServedPlan{number, std::move(plan)});
  return plans;
}

Result<ServedPlan> ServedPlans::Load(int version) {
  const auto known = plans_.find(version);
  if (known != plans_.end()) return known->second;
  if (version > newest().version) {
    return base::Error(
        base::codes::kUnknownName,
        fmt::format("there is no version {}; the newest is {}", version, newest().version));
  }
  ARROW_ASSIGN_OR_RAISE(registry::Version loaded, repository_->registry.Load(version));
  return plans_.emplace(version, ServedPlan{version, std::move(loaded.content.plan)}).first->second;
}

void ServedPlans::Adopt(const ServedPlans& earlier) {
  const int newest_version = newest().version;
  for (const auto& [version, served] : earlier.plans_) {
    if (version < newest_version) plans_.emplace(version, served);
  }
}

void ServedPlans::ForgetUnused(int keep) {
  for (auto earlier = std::next(plans_.begin()); earlier != plans_.end();) {
    const bool unused = earlier->second.plan.use_count() == 1;
    earlier = unused && --keep < 0 ? plans_.erase(earlier) : std::next(earlier);
  }
}

int ServedPlans::VersionOf(const FeaturePlan* plan) const {
  const auto found = std::find_if(plans_.begin(), plans_.end(), [&](const auto& served) {
    return served.second.plan.get() == plan;
  });
  return found == plans_.end() ? 0 : found->first;
}

Result<std::vector<state::LiveView>> ServedPlans::LiveViews(const state::Catalog& catalog,
                                                            EventTime now,
                                                            const BuiltViews& built) {
  return FindViews({catalog, now, true}, built);
}

Result<std::vector<state::LiveView>> ServedPlans::AnsweringViews(const state::Catalog& catalog,
                                                                 EventTime now) {
  return FindViews({catalog, now, false}, {});
}

Result<std::vector<state::LiveView>> ServedPlans::FindViews(const Wanted& wanted,
                                                            const BuiltViews& built) {
  const FeaturePlan& plan = *newest().plan;
  std::set<int> build;
  for (const auto* named : {&built.build, &built.rebuild}) {
    for (const int view : *named) AddView(plan, view, &build);
  }
  std::set<int> live = build;
  std::set<std::string> unready;
  for (int i = 0; i < static_cast<int>(plan.views.size()); ++i) {
    if (build.contains(i)) continue;
    if (IsReady(plan, plan.views[i], wanted.catalog, wanted.now)) {
      AddView(plan, i, &live);
    } else {
      unready.insert(plan.views[i].name);
    }
  }
  std::vector<state::LiveView> views;
  for (const int i : live) {
    views.push_back({.plan = &plan,
                     .view = i,
                     .build = build.contains(i),
                     .rebuild = built.rebuild.contains(i)});
  }
  if (!wanted.catalog.tables.empty()) {
    ARROW_RETURN_NOT_OK(AddEarlier(wanted, std::move(unready), &views));
  }
  return views;
}

// From version to version, until the views are found or were not yet there.
Status ServedPlans::AddEarlier(const Wanted& wanted, std::set<std::string> unready,
                               std::vector<state::LiveView>* views) {
  const ServedPlan newest = this->newest();
  for (int version = newest.version - 1; version > 0 && !unready.empty(); --version) {
    ARROW_ASSIGN_OR_RAISE(const ServedPlan earlier, Load(version));
    const FeaturePlan& plan = *earlier.plan;
    std::set<int> live;
    std::erase_if(unready, [&](const std::string& name) {
      const int view = plan.FindView(name);
      if (view < 0) return true;
      if (!IsReady(plan, plan.views[view], wanted.catalog, wanted.now)) return false;
      if (!wanted.only_updated || ReadsAsNow(plan, plan.views[view], *newest.plan)) {
        AddView(plan, view, &live);
      }
      return true;
    });
    for (const int view : live) views->push_back({.plan = &plan, .view = view});
  }
  return Status::OK();
}

Result<std::unique_ptr<kv::Store>> OpenOnlineStore(const project::Project& project, bool read_only,
                                                   int wait_seconds) {
  ARROW_ASSIGN_OR_RAISE(const std::string url, project.Expand(project.online));
  const bool sync = project.durability == project::Durability::kSync;
  return kv::OpenStore(url,
                       {.project = project.name,
                        .folder = project.folder,
                        .read_only = read_only,
                        .wait_seconds = wait_seconds,
                        .durability = sync ? kv::Durability::kSync : kv::Durability::kProcess});
}

}  // namespace millrace::jobs
