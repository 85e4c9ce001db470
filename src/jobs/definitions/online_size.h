// OnlineSize: what the views of a plan would take in the project's online store, estimated from a
// sample of their sources' rows. Called by cli for `plan`; opens no store.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/repository.h"
#include "state/size_estimate.h"

namespace millrace::jobs {

// Views that share their stored rows are counted once.
struct SharedSize {
  std::vector<std::string> views;
  bool snapshot = false;  // rows rather than events; the newest of a key are kept
  state::SizeEstimate size;
  std::string unknown;  // why there is no estimate; else ""
};

struct OnlineSize {
  std::vector<SharedSize> shared;
  int64_t bytes() const;
};

// Reads up to 400,000 rows of each source, 64 MiB of columns. Nothing of it fails the plan: what
// could not be read is said in `unknown`. Errors: missing_variable.
base::Result<OnlineSize> EstimateOnlineSize(const Repository& repository,
                                            const features::FeaturePlan& plan,
                                            const base::Clock& clock);

// "  spend, recency: about 28 bytes an event, …", a line each, and one for all.
std::string ToText(const OnlineSize& size);
// {bytes, shared: [{views, bytes, …}]}
nlohmann::ordered_json ToJson(const OnlineSize& size);

}  // namespace millrace::jobs
