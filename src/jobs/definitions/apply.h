// Plan and apply: the definitions on disk against the registry's newest version, and making them
// the next one. Reads definition files and the schemas of sources; no data. Called by cli.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "jobs/repository.h"
#include "registry/diff.h"

namespace millrace::jobs {

struct PlannedChange {
  int base = 0;  // the version it was planned against; 0: nothing was ever applied
  registry::VersionContent content;
  registry::Diff diff;
  bool changes = false;  // false: applying it would do nothing
};

// Errors: every problem of the definitions at once; whatever the registry reports.
base::Result<PlannedChange> PlanChange(const Repository& repository);

struct ApplyOptions {
  std::string author;
  std::optional<int> base;  // apply only on top of this version; 0: only as the first
};

struct Applied {
  int version = 0;       // the newest version now
  bool changed = false;  // false: it already said so
  registry::Diff diff;
};

// All or nothing. When somebody else applies in between: done if theirs says the same, else the
// error `conflict`, and nothing is changed.
base::Result<Applied> Apply(const Repository& repository, const ApplyOptions& options,
                            const base::Clock& clock);

}  // namespace millrace::jobs
