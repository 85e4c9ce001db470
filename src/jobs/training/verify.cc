// From the cheap to the dear: proof, output, definitions, inputs, then the cells. A check that
// needs what another found wrong is left out; every other one is made.
#include "jobs/training/verify.h"

#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "jobs/training/asked_rows.h"
#include "jobs/training/file_tag.h"
#include "jobs/training/findings.h"
#include "jobs/training/proof.h"
#include "jobs/training/proof_content.h"
#include "jobs/training/recomputation.h"
#include "jobs/training/training_set.h"
#include "jobs/training/verify_cells.h"
#include "jobs/training/verify_inputs.h"
#include "sources/table_file.h"

namespace millrace::jobs {

using base::Result;
using base::Status;
using columns::OwnedColumn;

namespace {

Result<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const std::error_code error(errno, std::generic_category());
    const bool missing = error == std::errc::no_such_file_or_directory;
    return base::Error({.code = missing ? base::codes::kNotFound : base::codes::kIo,
                        .message = "cannot read " + path + ": " + error.message(),
                        .hint = missing ? "training-set writes it beside its output" : ""});
  }
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

TrainingSetOptions OptionsOf(const Proof& proof) {
  TrainingSetOptions options;
  options.features = proof.options.features;
  options.service = proof.options.service;
  options.labels = proof.options.labels;
  options.timestamp = proof.options.timestamp;
  options.full_names = proof.options.full_names;
  options.ignore_created = proof.options.ignore_created;
  options.strict = proof.options.strict;
  options.spine = proof.spine.has_value() ? proof.spine->path : "";
  options.every = proof.options.every;
  options.from = proof.options.from;
  options.to = proof.options.to;
  return options;
}

// What was pushed since is not what the file was made of.
PushedRows RowsOf(const Proof& proof) {
  PushedRows rows;
  for (const ProofSource& source : proof.sources) {
    for (const sources::InputFile& file : source.files) {
      const auto shown = sources::ShownWriterRows(file.path);
      if (shown.has_value()) rows[source.source][shown->writer] = shown->rows;
    }
  }
  return rows;
}

class Verifier {
 public:
  Verifier(const PlanOfVersion& plan_of, const VerifyOptions& options)
      : plan_of_(plan_of), options_(options) {}

  Result<Verification> Run() {
    ARROW_RETURN_NOT_OK(ReadProof());
    ARROW_RETURN_NOT_OK(CheckOutput());
    if (FindDefinitions() && CheckInputs()) ARROW_RETURN_NOT_OK(CheckTable());
    if (!findings_.empty()) return std::move(findings_).ToStatus();
    return verified_;
  }

 private:
  Status ReadProof() {
    const std::string path = ProofPath(options_.file);
    // A file that is not there is that, not a missing proof.
    ARROW_RETURN_NOT_OK(StampFile(options_.file).status());
    ARROW_ASSIGN_OR_RAISE(const std::string text, ReadText(path));
    auto proof = ProofFromJson(text);
    if (!proof.ok()) return base::AtPlace(proof.status(), {.file = path});
    proof_ = *std::move(proof);
    const std::string digest = DigestOf(proof_);
    if (proof_.digest != digest) {
      findings_.Add("the proof was edited: its digest is " + proof_.digest + ", its content's is " +
                    digest);
    } else if (text != ToJson(proof_)) {
      findings_.Add("the proof was edited: its text is not the one that it was written as");
    }
    return Status::OK();
  }

  Status CheckOutput() {
    ARROW_ASSIGN_OR_RAISE(const sources::InputFile found, TagFile(options_.file));
    if (found.bytes != proof_.output.bytes) {
      findings_.Compare("the output's size", proof_.output.bytes, found.bytes);
    } else {
      findings_.CompareText("the output's content (tag)", proof_.output.tag, found.tag);
    }
    verified_.file = options_.file;
    return Status::OK();
  }

  // What was asked for, of the version that the proof names. False: there is nothing to go by.
  bool FindDefinitions() {
    verified_.registry_version = proof_.registry_version;
    const std::string version = "version " + std::to_string(proof_.registry_version);
    auto plan = plan_of_(proof_.registry_version);
    if (!plan.ok()) {
      findings_.AddAll("the definitions of " + version, plan.status());
      return false;
    }
    plan_ = *std::move(plan);
    findings_.CompareText("the project", proof_.project, plan_->project);
    const bool has_steps = proof_.options.every && proof_.options.from && proof_.options.to;
    if (has_steps == proof_.spine.has_value()) {
      findings_.Add("the proof has neither a spine nor steps, or both");
      return false;
    }
    auto request = RequestOf(*plan_, OptionsOf(proof_));
    if (!request.ok()) {
      findings_.AddAll(version + " does not have what was asked for", request.status());
      return false;
    }
    request_ = *std::move(request);
    return CheckColumns(version);
  }

  bool CheckColumns(const std::string& version) {
    const std::vector<ProofColumn> columns = ProofColumns(request_);
    const size_t before = findings_.size();
    findings_.Compare("columns by " + version, static_cast<int64_t>(proof_.columns.size()),
                      static_cast<int64_t>(columns.size()));
    for (size_t i = 0; i < std::min(columns.size(), proof_.columns.size()); ++i) {
      const ProofColumn& proven = proof_.columns[i];
      const ProofColumn& found = columns[i];
      if (proven == found) continue;
      findings_.Add(
          fmt::format("column '{}': the proof says {} with hash {}, {} has '{}', {} with "
                      "hash {}",
                      proven.column, proven.feature, proven.hash, version, found.column,
                      found.feature, found.hash));
    }
    return findings_.size() == before;
  }

  // False: there is nothing to recompute from.
  bool CheckInputs() {
    const size_t before = findings_.size();
    if (proof_.spine.has_value()) CheckSpine(*proof_.spine, &findings_);
    CheckSources(proof_, *plan_, options_.folders, &findings_);
    const auto add = [&](const sources::InputFile& file) {
      ++verified_.input_files;
      verified_.input_bytes += file.bytes;
    };
    if (proof_.spine.has_value()) add(*proof_.spine);
    for (const ProofSource& source : proof_.sources) {
      for (const sources::InputFile& file : source.files) add(file);
    }
    return findings_.size() == before;
  }

  Status CheckTable() {
    if (proof_.spine.has_value()) {
      ARROW_ASSIGN_OR_RAISE(request_.spine,
                            sources::ReadTable(proof_.spine->path, SpineTypes(request_)));
    }
    auto read = sources::ReadTable(options_.file, TypesOfOutput());
    if (!read.ok()) {
      findings_.AddAll("the output cannot be read", read.status());
      return Status::OK();
    }
    const std::shared_ptr<arrow::Table> table = *std::move(read);
    verified_.rows = table->num_rows();
    if (!CheckShape(*table)) return Status::OK();
    CheckNullCells(*table);
    const auto asked = AskedRows::Read(request_, *table);
    if (!asked.ok()) {
      findings_.AddAll("the output's rows", asked.status());
      return Status::OK();
    }
    findings_.Compare("rows with a null key", proof_.rows_null_key, asked->rows_with_null_key());
    findings_.Compare("rows with a null time", proof_.rows_null_time, asked->null_times());
    return Recompute(*table, *asked);
  }

  // What a CSV is read with, so that every cell comes back as the value that was written.
  std::map<std::string, columns::Type> TypesOfOutput() const {
    std::map<std::string, columns::Type> types;
    if (request_.spine != nullptr) {
      for (const auto& field : request_.spine->schema()->fields()) {
        const auto type = columns::Type::FromArrow(*field->type());
        if (type.ok() && !type->is_null()) types.emplace(field->name(), *type);
      }
    } else {
      types = SpineTypes(request_);
      types.emplace(request_.timestamp, columns::Kind::kTimestamp);
    }
    for (const features::SelectedColumn& column : request_.selection.columns) {
      const features::Selection& selection = request_.selection;
      types.emplace(
          column.name,
          column.on_demand
              ? plan_->on_demand[selection.on_demand[column.use]].features[column.feature].type
              : plan_->views[selection.uses[column.use].view].features[column.feature].type);
    }
    for (const int label : request_.labels) {
      types.emplace(plan_->labels[label].name, plan_->labels[label].view.features[0].type);
    }
    return types;
  }

  bool CheckShape(const arrow::Table& table) {
    const size_t before = findings_.size();
    findings_.Compare("rows of the output", proof_.output.rows, table.num_rows());
    findings_.Compare("columns of the output", proof_.output.columns, table.num_columns());
    findings_.Compare("rows out", proof_.rows_out, table.num_rows());
    const int64_t rows_in =
        request_.spine != nullptr ? request_.spine->num_rows() : table.num_rows();
    findings_.Compare("rows in", proof_.rows_in, rows_in);
    std::vector<std::string> names;
    if (request_.spine != nullptr) {
      names = request_.spine->schema()->field_names();
    } else if (!request_.selection.uses.empty()) {
      names = request_.selection.uses[0].key_columns;
      names.push_back(request_.timestamp);
    }
    for (const ProofColumn& column : proof_.columns) names.push_back(column.column);
    const std::vector<std::string> found = table.schema()->field_names();
    if (names != found) {
      findings_.Add(fmt::format("the output's columns are {}; expected {}", fmt::join(found, ", "),
                                fmt::join(names, ", ")));
    }
    return findings_.size() == before ||
           (names == found &&
            (request_.spine == nullptr || request_.spine->num_rows() == table.num_rows()));
  }

  void CheckNullCells(const arrow::Table& table) {
    std::map<std::string, int64_t> proven;
    for (const offline::NullCells& cells : proof_.null_cells) proven[cells.column] += cells.count;
    const int first = table.num_columns() - static_cast<int>(proof_.columns.size());
    for (size_t i = 0; i < proof_.columns.size(); ++i) {
      const std::string& name = proof_.columns[i].column;
      findings_.Compare("null cells of column '" + name + "'", proven[name],
                        table.column(first + static_cast<int>(i))->null_count());
      proven.erase(name);
    }
    for (const auto& [name, count] : proven) {
      findings_.Add("the proof counts null cells of '" + name + "', which is no column");
    }
  }

  Status Recompute(const arrow::Table& table, const AskedRows& asked) {
    const Sample sample = TakeSample(asked, proof_.output.tag, options_.sample_keys);
    Recomputation recomputation(request_, asked, sample.rows);
    const Status read = recomputation.ReadEvents(SourcesIn(options_.folders, RowsOf(proof_)));
    if (!read.ok()) {
      findings_.AddAll("the inputs cannot be read", read);
      return Status::OK();
    }
    CompareRead(recomputation);
    ARROW_ASSIGN_OR_RAISE(const std::vector<OwnedColumn> columns, recomputation.Columns());
    const JudgedTable judged{request_, table, asked, sample};
    if (request_.spine != nullptr) {
      ARROW_RETURN_NOT_OK(CheckSpineCells(judged, &findings_));
    } else {
      CheckSteps(judged, recomputation, &findings_);
    }
    ARROW_RETURN_NOT_OK(CheckCells(judged, proof_.columns, columns, &findings_));
    CompareGaps(recomputation);
    verified_.keys_sampled = static_cast<int64_t>(sample.keys.size());
    verified_.rows_recomputed = static_cast<int64_t>(sample.rows.size());
    verified_.cells_recomputed = verified_.rows_recomputed * static_cast<int64_t>(columns.size());
    verified_.events_read = recomputation.events();
    return Status::OK();
  }

  // What the sources gave this time.
  void CompareRead(const Recomputation& recomputation) {
    int64_t pruned = 0;
    std::map<std::string, int64_t> read;
    for (const offline::SourceStats& stats : recomputation.sources()) {
      read[plan_->sources[stats.source].name] = stats.events;
    }
    for (const ProofSource& source : proof_.sources) {
      const auto found = read.find(source.source);
      if (found == read.end()) {
        findings_.Add("the proof's source " + source.source + " is not read, or named twice");
        continue;
      }
      // All of the source is read here, what was pruned too.
      findings_.Compare("events of source " + source.source, source.events + source.rows_pruned,
                        found->second);
      pruned += source.rows_pruned;
      read.erase(found);
      const std::string assumption = "source " + source.source + " has no `created`";
      const auto assumed =
          std::count_if(proof_.assumptions.begin(), proof_.assumptions.end(),
                        [&](const std::string& text) { return text.starts_with(assumption); });
      findings_.Compare("assumptions about source " + source.source, assumed,
                        source.has_created ? 0 : 1);
    }
    for (const auto& [source, events] : read) {
      findings_.Add("source " + source + " is read, and the proof does not name it");
    }
    CompareRejected(ProofRejects(recomputation.rejected()), pruned > 0);
  }

  // Rows that were pruned may have been rejected, had they been read.
  void CompareRejected(const std::vector<ProofRejected>& rejected, bool pruned) {
    std::map<std::string, std::pair<int64_t, int64_t>> counts;
    for (const ProofRejected& reason : proof_.rejected) {
      counts[reason.where + ": " + reason.code].first += reason.count;
    }
    for (const ProofRejected& reason : rejected) {
      counts[reason.where + ": " + reason.code].second += reason.count;
    }
    for (const auto& [reason, count] : counts) {
      if (pruned && count.first < count.second) continue;
      findings_.Compare("rejected rows, " + reason, count.first, count.second);
    }
  }

  // Nothing that a value was made of may come nearer to its row than the proof says, nor after it.
  void CompareGaps(const Recomputation& recomputation) {
    const auto micros = [](const std::optional<base::Duration>& gap) {
      return gap.has_value() ? base::FormatDuration(*gap) : std::string("none");
    };
    for (const offline::UsedGap& gap : proof_.gaps) {
      const int view = plan_->FindView(gap.view);
      const bool windowed = view >= 0 && plan_->views[view].kind == features::ViewKind::kWindowed;
      const int64_t latest = windowed ? -1 : 0;
      if ((gap.event.has_value() && gap.event->micros() > latest) ||
          (gap.created.has_value() && gap.created->micros() > 0)) {
        findings_.Add("view " + gap.view +
                      ": the proof says that what was used came after its row");
      }
      for (const offline::UsedGap& found : recomputation.gaps()) {
        if (found.view != gap.view) continue;
        if (found.event > gap.event || found.created > gap.created) {
          findings_.Add(
              fmt::format("view {}: the proof says that what was used came as near as {} "
                          "(known {}), found {} (known {})",
                          gap.view, micros(gap.event), micros(gap.created), micros(found.event),
                          micros(found.created)));
        }
      }
    }
  }

  const PlanOfVersion& plan_of_;
  const VerifyOptions& options_;
  Proof proof_;
  std::shared_ptr<const features::FeaturePlan> plan_;
  offline::TrainingSetRequest request_;
  Findings findings_;
  Verification verified_;
};

}  // namespace

Result<Verification> VerifyTrainingSet(const PlanOfVersion& plan_of, const VerifyOptions& options) {
  if (options.sample_keys < 1) {
    return base::Error(base::codes::kUsage, "--sample must be at least 1");
  }
  const auto started = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(Verification verified, Verifier(plan_of, options).Run());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  verified.seconds = took.count();
  return verified;
}

}  // namespace millrace::jobs
