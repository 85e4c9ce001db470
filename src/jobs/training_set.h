// MakeTrainingSet: the call behind `training-set`: selection, spine file, sources, the join, the
// output file. The point-in-time join itself is offline's. Called by cli.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "features/plan.h"
#include "offline/training_set.h"

namespace millrace::jobs {

struct TrainingSetOptions {
  std::string root;   // the project's folder: where the sources' relative paths start
  std::string spine;  // a table file; "": steps
  std::vector<std::string> features;  // "view:feature", "view:*"; or
  std::string service;
  std::string out;  // .parquet, .csv or .arrow
  std::vector<std::string> labels;
  std::string timestamp = "event_timestamp";
  bool full_names = false;
  bool ignore_created = false;
  bool strict = false;
  std::optional<int64_t> memory_bytes;  // accepted; a training set is made in memory
  std::optional<base::Duration> every;  // without a spine, all three
  std::optional<base::EventTime> from;
  std::optional<base::EventTime> to;
  int threads = 0;  // 0: as many as there are cores
};

// The file appears whole or not at all; what it holds is returned too. Errors: usage (options that
// do not go together), unknown_name (feature, service, label), and those of
// offline::MakeTrainingSet, sources::ReadTable and WriteTable.
base::Result<offline::TrainingSet> MakeTrainingSet(const features::FeaturePlan& plan,
                                                   const TrainingSetOptions& options);

// Opens the sources' files; relative paths start at `root`, the project's folder.
offline::SourceOpener FilesUnder(const std::string& root);

}  // namespace millrace::jobs
