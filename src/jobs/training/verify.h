// VerifyTrainingSet: the call behind `training-set --verify`: a training set's file against its
// proof, the proof against definitions and inputs, and a sample of its cells against the events
// themselves, recomputed by a plain loop (recomputation.h). Changes nothing. Called by cli.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "features/plan.h"
#include "jobs/source_folders.h"
#include "offline/training_set.h"

namespace millrace::jobs {

struct VerifyOptions {
  std::string file;  // the training set; its proof lies beside it (proof.h)
  SourceFolders folders;
  int64_t sample_keys = 20;
};

// What was checked, all of it found right.
struct Verification {
  std::string file;
  int registry_version = 0;
  int64_t input_files = 0;  // the spine among them
  int64_t input_bytes = 0;
  int64_t rows = 0;          // of the file
  int64_t keys_sampled = 0;  // distinct keys of the first view; without one, rows
  int64_t rows_recomputed = 0;
  int64_t cells_recomputed = 0;
  int64_t events_read = 0;  // of the sampled keys, summed over views and labels
  double seconds = 0;
};

// A registry version's plan, with its paths made concrete.
using PlanOfVersion =
    std::function<base::Result<std::shared_ptr<const features::FeaturePlan>>(int version)>;

// Errors: file_not_found (the file or its proof), corrupt (a text that is no proof), usage
// (sample_keys < 1), whatever keeps it from looking; verification_failed for what it finds, all at
// once: each tampered or missing input, the output, the proof, each cell that is not what the
// events say (the first 20 of them).
base::Result<Verification> VerifyTrainingSet(const PlanOfVersion& plan_of,
                                             const VerifyOptions& options);

std::string ToText(const Verification& verification);
std::string ToJson(const Verification& verification);

}  // namespace millrace::jobs
