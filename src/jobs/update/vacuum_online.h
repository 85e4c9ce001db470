// VacuumOnline: the call behind `vacuum --online`: takes out of the online store what no view that
// is served can reach. Called by cli.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "jobs/repository.h"
#include "state/vacuum.h"

namespace millrace::jobs {

struct VacuumOnlineOptions {
  int wait_seconds = 10;  // for another owner of the store
};

struct VacuumOnlineReport {
  state::VacuumReport state;
  int64_t bytes = 0;  // that the store takes afterwards
};

// Errors: those of ServedPlans::Open, OpenOnlineStore and state::Vacuum.
base::Result<VacuumOnlineReport> VacuumOnline(const Repository& repository,
                                              const VacuumOnlineOptions& options,
                                              const base::Clock& clock);

std::string ToText(const VacuumOnlineReport& report);
std::string ToJson(const VacuumOnlineReport& report);  // one object, two-space indented

}  // namespace millrace::jobs
