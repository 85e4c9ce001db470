// The checks of a proof's input files. Called by verify alone.
#pragma once

#include "features/plan.h"
#include "jobs/source_folders.h"
#include "jobs/training/findings.h"
#include "jobs/training/proof.h"

namespace millrace::jobs {

void CheckSpine(const sources::InputFile& proven, Findings* findings);
// Of a push log the rows that the proof names: others may have come since.
void CheckSources(const Proof& proof, const features::FeaturePlan& plan,
                  const SourceFolders& folders, Findings* findings);

}  // namespace millrace::jobs
