// The checks of a proof's input files. Called by verify alone.
#pragma once

#include <string>

#include "features/plan.h"
#include "jobs/findings.h"
#include "jobs/proof.h"

namespace millrace::jobs {

void CheckSpine(const sources::InputFile& proven, Findings* findings);
// `root`: the project's folder.
void CheckSources(const Proof& proof, const features::FeaturePlan& plan, const std::string& root,
                  Findings* findings);

}  // namespace millrace::jobs
