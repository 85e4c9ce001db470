// Options are judged before anything is read, names before the spine is, the spine before the
// sources.
#include "jobs/training_set.h"

#include <arrow/table.h>

#include <map>
#include <memory>
#include <utility>

#include "features/selection.h"
#include "sources/event_reader.h"
#include "sources/files/file_list.h"
#include "sources/table_file.h"

namespace millrace::jobs {

using base::Problem;
using base::Result;
using base::Status;

namespace {

Status CheckOptions(const TrainingSetOptions& options) {
  std::vector<Problem> problems;
  const auto usage = [&](std::string message) {
    problems.push_back({base::codes::kUsage, std::move(message)});
  };
  if (options.out.empty()) usage("--out is needed: the file to write");
  if (!options.features.empty() && !options.service.empty()) {
    usage("--features and --service do not go together");
  }
  if (options.features.empty() && options.service.empty() && options.labels.empty()) {
    usage("--features or --service is needed");
  }
  const int steps = (options.every ? 1 : 0) + (options.from ? 1 : 0) + (options.to ? 1 : 0);
  if (options.spine.empty() && steps == 0) usage("--spine is needed, or --every, --from and --to");
  if (!options.spine.empty() && steps > 0) {
    usage("--spine does not go together with --every, --from and --to");
  }
  if (options.spine.empty() && steps > 0 && steps < 3) {
    usage("--every, --from and --to are needed together");
  }
  if (options.every && options.every->micros() <= 0) usage("--every must be longer than nothing");
  if (options.memory_bytes && *options.memory_bytes <= 0)
    usage("--memory must be more than nothing");
  return problems.empty() ? Status::OK() : base::Errors(std::move(problems));
}

Result<features::Selection> Select(const features::FeaturePlan& plan,
                                   const TrainingSetOptions& options) {
  if (!options.service.empty()) {
    return features::SelectService(plan, options.service, options.full_names);
  }
  if (options.features.empty()) return features::Selection();
  return features::SelectFeatures(plan, options.features, options.full_names);
}

Result<std::vector<int>> FindLabels(const features::FeaturePlan& plan,
                                    const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const features::Label& label : plan.labels) known.push_back(label.name);
  std::vector<int> labels;
  std::vector<Problem> problems;
  for (const std::string& name : names) {
    labels.push_back(plan.FindLabel(name));
    if (labels.back() >= 0) continue;
    problems.push_back({base::codes::kUnknownName,
                        "there is no label '" + name + "'",
                        {},
                        base::NearestHint(name, known)});
  }
  if (!problems.empty()) return base::Errors(std::move(problems));
  return labels;
}

// A CSV spine's keys and request fields are read with their types.
std::map<std::string, columns::Type> SpineTypes(const features::FeaturePlan& plan,
                                                const offline::TrainingSetRequest& request) {
  std::map<std::string, columns::Type> types;
  for (const features::ViewUse& use : request.selection.uses) {
    const auto& keys = plan.views[use.view].keys;
    for (size_t i = 0; i < keys.size(); ++i) types.emplace(use.key_columns[i], keys[i].type);
  }
  for (const int label : request.labels) {
    for (const columns::Field& key : plan.labels[label].view.keys)
      types.emplace(key.name, key.type);
  }
  for (const columns::Field& field : request.selection.request_fields) {
    types.emplace(field.name, field.type);
  }
  return types;
}

}  // namespace

offline::SourceOpener FilesUnder(const std::string& root) {
  return [root](const features::Source& source, sources::ReadOptions options) {
    options.root = root;
    return sources::OpenFiles(source, options);
  };
}

Result<offline::TrainingSet> MakeTrainingSet(const features::FeaturePlan& plan,
                                             const TrainingSetOptions& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  // Not after minutes of work; WriteTable knows which of them it writes.
  ARROW_RETURN_NOT_OK(sources::FormatOf(options.out).status());
  offline::TrainingSetRequest request;
  request.plan = &plan;
  ARROW_ASSIGN_OR_RAISE(request.selection, Select(plan, options));
  ARROW_ASSIGN_OR_RAISE(request.labels, FindLabels(plan, options.labels));
  request.timestamp = options.timestamp;
  request.ignore_created = options.ignore_created;
  request.strict = options.strict;
  request.threads = options.threads;
  if (options.spine.empty()) {
    request.steps = offline::Steps{*options.from, *options.to, *options.every};
  } else {
    ARROW_ASSIGN_OR_RAISE(request.spine,
                          sources::ReadTable(options.spine, SpineTypes(plan, request)));
  }
  ARROW_ASSIGN_OR_RAISE(offline::TrainingSet made,
                        offline::MakeTrainingSet(request, FilesUnder(options.root)));
  ARROW_RETURN_NOT_OK(sources::WriteTable(options.out, *made.table));
  return made;
}

}  // namespace millrace::jobs
