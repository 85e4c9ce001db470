// MakeTrainingSet: the call behind `training-set`: selection, spine file, sources, the join, the
// output file and the proof beside it. The point-in-time join itself is offline's. Called by cli.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/time.h"
#include "features/plan.h"
#include "jobs/source_folders.h"
#include "offline/training_set.h"

namespace millrace::jobs {

struct TrainingSetOptions {
  SourceFolders folders;
  int registry_version = 0;           // of the plan
  std::string spine;                  // a table file; "": steps
  std::vector<std::string> features;  // "view:feature", "view:*"; or
  std::string service;
  std::string out;  // .parquet, .csv or .arrow
  std::vector<std::string> labels;
  std::string timestamp = "event_timestamp";
  bool full_names = false;
  bool ignore_created = false;
  bool strict = false;
  std::optional<int64_t> memory_bytes;  // ceiling; beyond it rows are spilled beside the output
  std::optional<base::Duration> every;  // without a spine, all three
  std::optional<base::EventTime> from;
  std::optional<base::EventTime> to;
  int threads = 0;  // 0: as many as there are cores
  base::Progress* progress = nullptr;
};

// The file appears whole or not at all, then its proof (proof.h) beside it. A file that is replaced
// loses its proof first, so that whatever happens, no proof stands beside a file that it was not
// made for. Errors: usage (options that do not go together), unknown_name (feature, service,
// label), io_error (a spine that changes while it is read), and those of offline::MakeTrainingSet,
// sources::ReadTable and WriteTable.
base::Result<offline::Report> MakeTrainingSet(const features::FeaturePlan& plan,
                                              const TrainingSetOptions& options);

// What `options` ask of the plan, but for the spine's rows. Errors: unknown_name.
base::Result<offline::TrainingSetRequest> RequestOf(const features::FeaturePlan& plan,
                                                    const TrainingSetOptions& options);

// The types of a spine's keys and request fields, by column: what a CSV spine is read with.
std::map<std::string, columns::Type> SpineTypes(const offline::TrainingSetRequest& request);

}  // namespace millrace::jobs
