// The checks of a training set's cells: rows against the spine's, values against recomputed ones,
// listed steps against the events. Called by verify alone.
#pragma once

#include <arrow/type_fwd.h>

#include <vector>

#include "jobs/training/asked_rows.h"
#include "jobs/training/findings.h"
#include "jobs/training/proof.h"
#include "jobs/training/recomputation.h"

namespace millrace::jobs {

// A training set's table and what is known of it.
struct JudgedTable {
  const offline::TrainingSetRequest& request;  // its spine too, where there is one
  const arrow::Table& table;
  const AskedRows& asked;
  const Sample& sample;
};

// The spine's columns in the sampled rows.
base::Status CheckSpineCells(const JudgedTable& judged, Findings* findings);
// Recomputed: a column per selected feature and label, a cell per sampled row.
base::Status CheckCells(const JudgedTable& judged, const std::vector<ProofColumn>& columns,
                        const std::vector<columns::OwnedColumn>& recomputed, Findings* findings);
// Without a spine: the sampled keys at exactly the steps at which they have something to say.
// REQUIRES: request.steps.
void CheckSteps(const JudgedTable& judged, const Recomputation& recomputation, Findings* findings);

}  // namespace millrace::jobs
