// ServedPlans: the versions of a project's definitions that its online store may serve: the newest,
// and for what that one adds and the store has not built yet, the versions before it. Called by
// materialize, push and get.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "features/plan.h"
#include "jobs/repository.h"
#include "kv/store.h"
#include "state/format/description.h"
#include "state/live_tables.h"

namespace millrace::jobs {

struct ServedPlan {
  int version = 0;
  std::shared_ptr<const features::FeaturePlan> plan;  // the newest's paths are concrete
};

// Views of the newest version, by index: those that are to be there afterwards, and of these the
// ones that are built whether or not they are there already.
struct BuiltViews {
  std::set<int> build = {};
  std::set<int> rebuild = {};
};

class ServedPlans {
 public:
  // Errors: not_ready, when nothing was ever applied; missing_variable; the registry's. REQUIRES:
  // the repository outlives this.
  static base::Result<ServedPlans> Open(const Repository& repository);

  const ServedPlan& newest() const { return plans_.begin()->second; }
  // Loads it once. Errors: unknown_name, when there is no such version or it is newer than the
  // newest here; the registry's.
  base::Result<ServedPlan> Load(int version);
  // Takes over what another one has loaded, so that it need not be loaded again.
  void Adopt(const ServedPlans& earlier);
  // Forgets earlier versions that nobody else holds, but for the `keep` newest of these.
  // INVALIDATES: the views that this gave.
  void ForgetUnused(int keep);

  // What an update writes: the views of the newest version that are to be built, with all that
  // they look up; those that the store is ready for; and in place of each other one the newest
  // earlier version of it that the store is ready for, while its source's rows are read as they
  // were. The rest is left out. All rows of a source are read as the newest version says.
  // `now`: Description::Now.
  base::Result<std::vector<state::LiveView>> LiveViews(const state::Catalog& catalog,
                                                       base::EventTime now,
                                                       const BuiltViews& built = {});
  // What is answered from: LiveViews, and those earlier versions too whose source's rows are read
  // otherwise now, so that no new ones reach them.
  base::Result<std::vector<state::LiveView>> AnsweringViews(const state::Catalog& catalog,
                                                            base::EventTime now);
  // Of a plan in these answers.
  int VersionOf(const features::FeaturePlan* plan) const;

 private:
  explicit ServedPlans(const Repository& repository) : repository_(&repository) {}
  struct Wanted {
    const state::Catalog& catalog;
    base::EventTime now;
    bool only_updated;  // no view that new rows do not reach
  };
  base::Result<std::vector<state::LiveView>> FindViews(const Wanted& wanted,
                                                       const BuiltViews& built);
  base::Status AddEarlier(const Wanted& wanted, std::set<std::string> unready,
                          std::vector<state::LiveView>* views);

  const Repository* repository_;
  std::map<int, ServedPlan, std::greater<>> plans_;  // by version, newest first
};

// The views of these names; none: all. Error: unknown_name, with the nearest.
base::Result<std::set<int>> FindViews(const features::FeaturePlan& plan,
                                      const std::vector<std::string>& names);

// The project's online store, opened. `read_only` and `wait_seconds`: kv::OpenOptions. Errors: as
// kv::OpenStore; missing_variable.
base::Result<std::unique_ptr<kv::Store>> OpenOnlineStore(const project::Project& project,
                                                         bool read_only, int wait_seconds);

}  // namespace millrace::jobs
