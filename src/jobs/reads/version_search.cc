// A version is tried with a question of no rows, which binds its views to the store's tables.
#include "jobs/reads/version_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "jobs/reads/asked_keys.h"
#include "state/format/description.h"

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

bool HasAllOf(const features::View& live, const features::View& view) {
  return live.event_id == view.event_id &&
         std::all_of(
             view.features.begin(), view.features.end(), [&](const features::Feature& feature) {
               return std::any_of(live.features.begin(), live.features.end(),
                                  [&](const auto& other) { return other.hash == feature.hash; });
             });
}

}  // namespace

Result<WantedNames> WantedNames::Of(const AskedNames& names) {
  if (names.features.empty() == names.service.empty()) {
    return base::Error(base::codes::kUsage, names.service.empty()
                                                ? "features or a service are needed"
                                                : "features and a service do not go together");
  }
  WantedNames wanted{names, {}};
  const size_t at = names.service.rfind('@');
  if (at == std::string::npos) return wanted;
  int version = 0;
  const char* end = names.service.data() + names.service.size();
  const auto read = std::from_chars(names.service.data() + at + 1, end, version);
  if (read.ec != std::errc() || read.ptr != end || version < 1) {
    return base::Error(
        base::codes::kUsage,
        fmt::format("service {}: expected a version's number after the @", names.service));
  }
  wanted.names.service = names.service.substr(0, at);
  wanted.version = version;
  return wanted;
}

Result<features::Selection> WantedNames::Select(const features::FeaturePlan& plan) const {
  return names.service.empty() ? features::SelectFeatures(plan, names.features, names.full_names)
                               : features::SelectService(plan, names.service, names.full_names);
}

bool IsNotReady(const Status& status) {
  const auto problems = base::ProblemsOf(status);
  return !problems.empty() && problems[0].code == base::codes::kNotReady;
}

Result<PreparedVersion> VersionSearch::Find(const WantedNames& wanted) {
  const int newest = wanted.version.value_or(plans_->newest().version);
  Result<PreparedVersion> found = Prepare(newest, wanted);
  if (found.ok() || !IsNotReady(found.status()) || wanted.version.has_value()) return found;
  ARROW_ASSIGN_OR_RAISE(const auto description,
                        state::Description::Read(moment_.snapshot(), project_));
  if (description.catalog.tables.empty()) return found;
  const base::EventTime now = description.Now(moment_.clock().Now());
  ARROW_ASSIGN_OR_RAISE(live_, plans_->LiveViews(description.catalog, now));
  if (IsAskedInVain(wanted)) return found;
  for (int version = newest - 1; version > 0; --version) {
    ARROW_ASSIGN_OR_RAISE(const ServedPlan served, plans_->Load(version));
    const Result<features::Selection> selection = wanted.Select(*served.plan);
    if (!selection.ok() || !IsKept(*served.plan, *selection)) continue;
    Result<PreparedVersion> earlier = Prepare(version, wanted);
    if (earlier.ok() || !IsNotReady(earlier.status())) return earlier;
  }
  return found;
}

Result<PreparedVersion> VersionSearch::Prepare(int version, const WantedNames& wanted) {
  PreparedVersion prepared;
  ARROW_ASSIGN_OR_RAISE(prepared.served, plans_->Load(version));
  const features::FeaturePlan& plan = *prepared.served.plan;
  ARROW_ASSIGN_OR_RAISE(features::Selection selection, wanted.Select(plan));
  ARROW_ASSIGN_OR_RAISE(const AskedKeys no_keys, NoKeys(plan, selection));
  prepared.reader = std::make_unique<online::FeatureReader>(plan, std::move(selection), project_,
                                                            moment_.clock());
  ARROW_ASSIGN_OR_RAISE(prepared.none, prepared.reader->Read(moment_, no_keys.asked));
  return prepared;
}

bool VersionSearch::HasLive(const std::string& view) const {
  return std::any_of(live_.begin(), live_.end(),
                     [&](const state::LiveView& live) { return live.of().name == view; });
}

// Whether a view is asked for by its name to which no version's rows come: then no version need be
// loaded to know that it is not kept.
bool VersionSearch::IsAskedInVain(const WantedNames& wanted) const {
  const features::FeaturePlan& newest = *plans_->newest().plan;
  return std::any_of(wanted.names.features.begin(), wanted.names.features.end(),
                     [&](const std::string& feature) {
                       const std::string view = feature.substr(0, feature.find(':'));
                       return newest.FindView(view) >= 0 && !HasLive(view);
                     });
}

// Whether new rows still come to all views that an earlier version reads: the store may have what
// nobody adds to any more.
bool VersionSearch::IsKept(const features::FeaturePlan& plan,
                           const features::Selection& selection) const {
  return std::all_of(selection.uses.begin(), selection.uses.end(), [&](const auto& use) {
    const features::View& view = plan.views[use.view];
    return std::any_of(live_.begin(), live_.end(), [&](const state::LiveView& live) {
      return live.of().name == view.name && (live.plan == &plan || HasAllOf(live.of(), view));
    });
  });
}

Status CheckColumnNames(const online::Answer& none, const std::vector<std::string>& asked_by) {
  for (const online::AnswerColumn& column : none.columns) {
    if (std::find(asked_by.begin(), asked_by.end(), column.name) == asked_by.end()) continue;
    return base::Error({base::codes::kDuplicate,
                        fmt::format("feature '{}' is called as the column '{}' that it is asked by",
                                    column.feature, column.name),
                        {},
                        "full names call it view__feature"});
  }
  return Status::OK();
}

}  // namespace millrace::jobs
