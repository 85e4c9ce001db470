// VersionSearch: which version of the definitions answers what is asked for by name: the newest
// that resolves the names and that the store is ready for. Called by get and by OnlineReads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "features/selection.h"
#include "jobs/reads/asked_names.h"
#include "jobs/reads/store_moment.h"
#include "jobs/update/served_plans.h"
#include "online/feature_reader.h"
#include "state/live_tables.h"

namespace millrace::jobs {

// What is asked for, of any version or of one.
struct WantedNames {
  AskedNames names;            // the service without its version
  std::optional<int> version;  // what stood behind its @

  // Error: usage (neither features nor a service, both, no number behind the @).
  static base::Result<WantedNames> Of(const AskedNames& names);
  // Errors: as features::SelectFeatures and SelectService.
  base::Result<features::Selection> Select(const features::FeaturePlan& plan) const;
};

bool IsNotReady(const base::Status& status);

// A version's definitions, ready to be asked at one moment.
struct PreparedVersion {
  ServedPlan served;
  // REQUIRES: the moment that it was searched at lives.
  std::unique_ptr<online::FeatureReader> reader;
  online::Answer none;  // of no rows
};

// One search.
class VersionSearch {
 public:
  // REQUIRES: plans and moment outlive this.
  VersionSearch(ServedPlans* plans, const StoreMoment& moment, std::string project)
      : plans_(plans), moment_(moment), project_(std::move(project)) {}

  // What the newest version does not have, nobody is answered from an older one. An older one
  // answers where new rows still come to all views that it reads. Errors: unknown_name and
  // duplicate_name (of the newest version, or of the one that is asked for), type_mismatch,
  // not_ready, the store's, the registry's.
  base::Result<PreparedVersion> Find(const WantedNames& wanted);

 private:
  base::Result<PreparedVersion> Prepare(int version, const WantedNames& wanted);
  bool HasLive(const std::string& view) const;
  bool IsAskedInVain(const WantedNames& wanted) const;
  bool IsKept(const features::FeaturePlan& plan, const features::Selection& selection) const;

  ServedPlans* const plans_;
  const StoreMoment& moment_;
  const std::string project_;
  std::vector<state::LiveView> live_;
};

// Error: duplicate_name, when a column of the answer is called as one of `asked_by`, which stand
// before it.
base::Status CheckColumnNames(const online::Answer& none, const std::vector<std::string>& asked_by);

}  // namespace millrace::jobs
