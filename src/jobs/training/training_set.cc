// Options are judged before anything is read, names before the spine is, the spine before the
// sources.
#include "jobs/training/training_set.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "features/selection.h"
#include "jobs/training/file_tag.h"
#include "jobs/training/proof.h"
#include "jobs/training/proof_content.h"
#include "sources/event_reader.h"
#include "sources/files/file_list.h"
#include "sources/files/nameless_file.h"
#include "sources/files/whole_file.h"
#include "sources/table_file.h"
#include "sources/table_writer.h"

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

// The table, and the file as it was when it was read.
struct SpineFile {
  std::shared_ptr<arrow::Table> table;
  sources::InputFile file;
};

Result<SpineFile> ReadSpineFile(const std::string& path,
                                const std::map<std::string, columns::Type>& types) {
  SpineFile spine;
  ARROW_ASSIGN_OR_RAISE(const FileStamp before, StampFile(path));
  ARROW_ASSIGN_OR_RAISE(spine.table, sources::ReadTable(path, types));
  ARROW_ASSIGN_OR_RAISE(spine.file, TagFile(path));
  ARROW_ASSIGN_OR_RAISE(const FileStamp after, StampFile(path));
  if (before == after) return spine;
  return base::Error(base::codes::kIo, path + " changed while it was read");
}

ProofOptions OptionsOf(const TrainingSetOptions& options) {
  ProofOptions proof;
  proof.features = options.features;
  proof.service = options.service;
  proof.labels = options.labels;
  proof.timestamp = options.timestamp;
  proof.full_names = options.full_names;
  proof.ignore_created = options.ignore_created;
  proof.strict = options.strict;
  proof.every = options.every;
  proof.from = options.from;
  proof.to = options.to;
  return proof;
}

// All but the spine and the output.
Proof ProofOf(const TrainingSetOptions& options, const offline::TrainingSetRequest& request,
              const offline::Report& report) {
  Proof proof;
  proof.project = request.plan->project;
  proof.registry_version = options.registry_version;
  proof.columns = ProofColumns(request);
  proof.options = OptionsOf(options);
  for (const offline::SourceRead& read : report.sources) {
    proof.sources.push_back(
        {read.source, read.has_created, read.rows_pruned, read.events, read.files});
  }
  proof.rows_in = report.rows_in;
  proof.rows_out = report.rows_out;
  proof.rows_null_key = report.rows_null_key;
  proof.rows_null_time = report.rows_null_time;
  proof.rejected = ProofRejects(report.rejected);
  proof.null_cells = report.null_cells;
  proof.gaps = report.gaps;
  proof.assumptions = report.assumptions;
  proof.output.rows = report.rows_out;
  proof.output.columns = report.columns_out;
  return proof;
}

// The answer's rows into the output file, which appears at the end.
class FileOfRows final : public offline::RowSink {
 public:
  explicit FileOfRows(std::string path) : path_(std::move(path)) {}
  Status Begin(const std::shared_ptr<arrow::Schema>& schema) override {
    return sources::TableWriter::Open(path_, schema).Value(&writer_);
  }
  Status Write(const std::shared_ptr<arrow::RecordBatch>& rows) override {
    return writer_->Write(*rows);
  }
  Status Commit() { return writer_->Commit(); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  std::unique_ptr<sources::TableWriter> writer_;
};

// Where what does not fit in memory waits: beside the output, unless the user says where.
std::string SpillFolder(const std::string& out) {
  return sources::NamelessFileFolder(std::filesystem::path(out).parent_path().string());
}

// The old proof goes before the new file comes. Fills in what the proof says of the output.
Status CommitWithProof(FileOfRows* rows, Proof* proof) {
  const std::string proof_path = ProofPath(rows->path());
  std::error_code error;
  std::filesystem::remove(proof_path, error);
  if (error) {
    return base::Error(base::codes::kIo, "cannot remove " + proof_path + ": " + error.message());
  }
  ARROW_RETURN_NOT_OK(rows->Commit());
  ARROW_ASSIGN_OR_RAISE(const sources::InputFile file, TagFile(rows->path()));
  proof->output.bytes = file.bytes;
  proof->output.tag = file.tag;
  return sources::WriteText(proof_path, ToJson(*proof));
}

}  // namespace

std::map<std::string, columns::Type> SpineTypes(const offline::TrainingSetRequest& request) {
  const features::FeaturePlan& plan = *request.plan;
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

Result<offline::TrainingSetRequest> RequestOf(const features::FeaturePlan& plan,
                                              const TrainingSetOptions& options) {
  offline::TrainingSetRequest request;
  request.plan = &plan;
  ARROW_ASSIGN_OR_RAISE(request.selection, Select(plan, options));
  ARROW_ASSIGN_OR_RAISE(request.labels, FindLabels(plan, options.labels));
  request.timestamp = options.timestamp;
  request.ignore_created = options.ignore_created;
  request.strict = options.strict;
  request.threads = options.threads;
  if (options.spine.empty() && options.from && options.to && options.every) {
    request.steps = offline::Steps{*options.from, *options.to, *options.every};
  }
  return request;
}

Result<offline::Report> MakeTrainingSet(const features::FeaturePlan& plan,
                                        const TrainingSetOptions& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  // Not after minutes of work; WriteTable knows which of them it writes.
  ARROW_RETURN_NOT_OK(sources::FormatOf(options.out).status());
  ARROW_ASSIGN_OR_RAISE(offline::TrainingSetRequest request, RequestOf(plan, options));
  std::optional<sources::InputFile> spine_file;
  if (!options.spine.empty()) {
    ARROW_ASSIGN_OR_RAISE(SpineFile spine, ReadSpineFile(options.spine, SpineTypes(request)));
    request.spine = std::move(spine.table);
    spine_file = std::move(spine.file);
  }
  request.progress = options.progress;
  request.spill_folder = SpillFolder(options.out);
  request.chunk_rows = sources::kRowGroupRows;
  if (options.memory_bytes.has_value()) request.memory_bytes = *options.memory_bytes;
  FileOfRows rows(options.out);
  ARROW_ASSIGN_OR_RAISE(offline::Report report,
                        offline::MakeTrainingSet(request, SourcesIn(options.folders), &rows));
  Proof proof = ProofOf(options, request, report);
  proof.spine = std::move(spine_file);
  ARROW_RETURN_NOT_OK(CommitWithProof(&rows, &proof));
  return report;
}

}  // namespace millrace::jobs
