// The course of a training set: check, number the spine's keys, read, sort, list steps, answer,
// account, put together.
#include "offline/training_set.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <chrono>
#include <map>
#include <utility>

#include "base/check.h"
#include "columns/arrow_column.h"
#include "offline/accounting.h"
#include "offline/answers.h"
#include "offline/canonical_floats.h"
#include "offline/needs.h"
#include "offline/source_scan.h"
#include "offline/spine.h"
#include "offline/steps.h"
#include "offline/threads.h"
#include "sweep/view_events.h"

namespace millrace::offline {

using base::Problem;
using base::Result;
using base::Status;

namespace {

// What the answer's columns are called and who gives each, for clashes.
class ColumnNames {
 public:
  void Add(const std::string& name, const std::string& giver) {
    const auto [found, added] = givers_.emplace(name, giver);
    if (added) return;
    problems_.push_back(
        {base::codes::kDuplicate,
         "two columns would be named '" + name + "': " + found->second + " and " + giver,
         {},
         "ask for full names, or rename the column of the spine"});
  }
  Status Finish() { return problems_.empty() ? Status::OK() : base::Errors(std::move(problems_)); }

 private:
  std::map<std::string, std::string> givers_;
  std::vector<Problem> problems_;
};

Status CheckNames(const TrainingSetRequest& request) {
  const features::FeaturePlan& plan = *request.plan;
  const features::Selection& selection = request.selection;
  ColumnNames names;
  if (request.spine != nullptr) {
    // Two equal names in the spine itself are passed through; only keys and times must be unique.
    std::map<std::string, int> spine;
    for (const std::string& name : request.spine->schema()->field_names()) {
      if (spine[name]++ == 0) names.Add(name, "the spine's column " + name);
    }
  } else {
    for (const std::string& key : selection.uses[0].key_columns) names.Add(key, "the key " + key);
    names.Add(request.timestamp, "the step's time");
  }
  for (const features::SelectedColumn& column : selection.columns) {
    const std::string feature =
        column.on_demand
            ? plan.on_demand[selection.on_demand[column.use]].features[column.feature].name
            : plan.views[selection.uses[column.use].view].features[column.feature].name;
    const std::string view = column.on_demand ? plan.on_demand[selection.on_demand[column.use]].name
                                              : selection.uses[column.use].name;
    names.Add(column.name, "feature " + view + ":" + feature);
  }
  for (const int label : request.labels) {
    names.Add(plan.labels[label].name, "label " + plan.labels[label].name);
  }
  return names.Finish();
}

class Builder {
 public:
  Builder(const TrainingSetRequest& request, const SourceOpener& open)
      : request_(request),
        plan_(*request.plan),
        run_(OnThreads(request.threads)),
        needs_(FindNeeds(plan_, request.selection)),
        scan_(plan_, open, run_) {}

  Result<TrainingSet> Build() {
    if (request_.spine == nullptr) ARROW_RETURN_NOT_OK(CheckSteps(request_));
    ARROW_RETURN_NOT_OK(CheckNames(request_));
    if (request_.spine != nullptr) {
      ARROW_ASSIGN_OR_RAISE(spine_, ReadSpine(request_, &spaces_));
    }
    ARROW_RETURN_NOT_OK(ReadEvents());
    if (request_.spine == nullptr) {
      KeySpace* keys = spaces_.Of(plan_.views[request_.selection.uses[0].view].keys);
      spine_ = ListSteps(request_, needs_, views_, keys, run_);
    }
    const Answers answers = MakeAnswers();
    const std::vector<AnswerColumn> columns = AnswerColumns(request_, answers);
    FillReport(answers, columns);
    if (request_.strict && report_.HasBadRows()) return StrictError();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Table> table, PutTogether(columns));
    report_.rows_out = table->num_rows();
    return TrainingSet{std::move(table), std::move(report_)};
  }

 private:
  Status ReadEvents() {
    std::vector<sweep::ViewEvents> views;
    std::vector<sweep::ViewEvents> labels;
    std::vector<KeySpace*> view_keys;
    std::vector<KeySpace*> label_keys;
    for (const Needs::OfView& of : needs_.views) views.emplace_back(plan_.views[of.view]);
    for (const int label : request_.labels) labels.emplace_back(plan_.labels[label].view);
    const auto add = [&](const features::View& view, std::vector<bool> wanted,
                         sweep::ViewEvents* events) {
      KeySpace* keys = spaces_.Of(view.keys);
      // Without a spine every key counts; with one, only those that it asks about.
      const bool insert = request_.spine == nullptr;
      scan_.Add({&view, std::move(wanted), [events, keys, insert](const ViewBatch& batch) {
                   events->Append(batch.batch, batch.rows, &keys->ids, insert);
                 }});
      return keys;
    };
    for (size_t i = 0; i < views.size(); ++i) {
      view_keys.push_back(
          add(plan_.views[needs_.views[i].view], needs_.views[i].features, &views[i]));
    }
    for (size_t i = 0; i < labels.size(); ++i) {
      label_keys.push_back(add(plan_.labels[request_.labels[i]].view, {}, &labels[i]));
    }
    ARROW_RETURN_NOT_OK(scan_.Run());
    for (size_t i = 0; i < views.size(); ++i) {
      views_.push_back(std::move(views[i]).Sort(view_keys[i]->ids.size(), run_));
    }
    for (size_t i = 0; i < labels.size(); ++i) {
      labels_.push_back(std::move(labels[i]).Sort(label_keys[i]->ids.size(), run_));
      newest_.push_back(NewestOf(plan_.labels[request_.labels[i]].view.source));
    }
    return Status::OK();
  }

  std::optional<base::EventTime> NewestOf(int source) const {
    for (const SourceStats& stats : scan_.sources()) {
      if (stats.source == source) return stats.newest;
    }
    return std::nullopt;
  }

  bool AnyCreated() const {
    for (const sweep::SortedEvents& events : views_) {
      if (events.has_created()) return true;
    }
    return false;
  }

  Answers MakeAnswers() {
    Answerer answerer({request_, needs_, spine_, views_, labels_, newest_, run_});
    Answers answers = answerer.Answer(request_.ignore_created);
    report_.ignored_created = request_.ignore_created;
    if (request_.ignore_created && request_.spine != nullptr && AnyCreated()) {
      const Answers respecting = answerer.Answer(false);
      CountChanged(AnswerColumns(request_, answers), AnswerColumns(request_, respecting), spine_,
                   &report_);
    }
    return answers;
  }

  void FillReport(const Answers& answers, const std::vector<AnswerColumn>& columns) {
    report_.with_spine = request_.spine != nullptr;
    report_.rows_in = spine_.rows;
    report_.features = static_cast<int64_t>(columns.size());
    for (const SourceStats& stats : scan_.sources()) {
      const features::Source& source = plan_.sources[stats.source];
      const bool has_created = static_cast<bool>(source.created);
      report_.sources.push_back({source.name, stats.events, stats.files, has_created});
      if (has_created) continue;
      report_.assumptions.push_back("source " + source.name +
                                    " has no `created`: assumes that events are online the "
                                    "instant they happen");
    }
    report_.rejected = scan_.rejected();
    CountNulls(columns, &report_);
    CountErrors(request_, answers, spine_, &report_);
    CountNullSpineCells(spine_, &report_);
  }

  Status StrictError() const {
    std::string message = "--strict: " + std::to_string(report_.rejected.total()) +
                          " rejected rows and " + std::to_string(report_.error_cells.size()) +
                          " features with error cells; nothing is written";
    for (const auto& reason : report_.rejected.reasons) {
      message += "\n  " + reason.where + ": " + reason.code + " " + std::to_string(reason.count);
      if (!reason.examples.empty() && !reason.examples[0].empty()) {
        message += " (first: " + reason.examples[0] + ")";
      }
    }
    for (const ErrorCells& cells : report_.error_cells) {
      message += "\n  " + cells.feature + ": " + cells.code + " " + std::to_string(cells.count) +
                 " (first: " + cells.first_key + ")";
    }
    return base::Error(base::codes::kStrict, std::move(message));
  }

  Result<std::shared_ptr<arrow::Table>> PutTogether(
      const std::vector<AnswerColumn>& columns) const {
    std::shared_ptr<arrow::Table> first = request_.spine;
    if (first == nullptr) {
      ARROW_ASSIGN_OR_RAISE(first, StepsTable(request_, spine_));
    }
    arrow::FieldVector fields = first->schema()->fields();
    arrow::ChunkedArrayVector arrays;
    for (const auto& column : first->columns()) {
      ARROW_ASSIGN_OR_RAISE(auto canonical, CanonicalFloats(column));
      arrays.push_back(std::move(canonical));
    }
    for (const AnswerColumn& column : columns) {
      ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(column.cells));
      fields.push_back(arrow::field(column.name, array->type()));
      arrays.push_back(std::make_shared<arrow::ChunkedArray>(std::move(array)));
    }
    return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays),
                              first->num_rows());
  }

  const TrainingSetRequest& request_;
  const features::FeaturePlan& plan_;
  const sweep::RunTasks run_;
  const Needs needs_;
  SourceScan scan_;
  KeySpaces spaces_;
  Spine spine_;
  std::vector<sweep::SortedEvents> views_;   // by needs_.views
  std::vector<sweep::SortedEvents> labels_;  // by request_.labels
  std::vector<std::optional<base::EventTime>> newest_;
  Report report_;
};

}  // namespace

Result<TrainingSet> MakeTrainingSet(const TrainingSetRequest& request, const SourceOpener& open) {
  MILLRACE_CHECK(request.plan != nullptr);
  const auto started = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(TrainingSet made, Builder(request, open).Build());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  made.report.seconds = took.count();
  return made;
}

}  // namespace millrace::offline
