// Reads the sources once for one key, then explains values from the asked feature downwards.
#include "jobs/explain/explain.h"

#include <memory>
#include <set>
#include <utility>

#include "features/derive.h"
#include "features/entity_key.h"
#include "features/needs.h"
#include "features/selection.h"
#include "jobs/explain/key_events.h"
#include "jobs/explain/stored_value.h"
#include "offline/source_scan.h"

namespace millrace::jobs {

using base::Problem;
using base::Result;
using base::Status;
using columns::Column;
using columns::OwnedColumn;
using columns::Value;
using features::Feature;
using features::FeatureKind;
using features::View;

namespace {

class Explainer {
 public:
  Explainer(const features::FeaturePlan& plan, const ExplainRequest& request)
      : plan_(plan), request_(request) {}

  Result<Explanation> Run(const offline::SourceOpener& open) {
    if (request_.feature.ends_with(":*")) {
      return base::Error(base::codes::kUsage, "explain needs one feature, not " + request_.feature);
    }
    ARROW_ASSIGN_OR_RAISE(selection_, features::SelectFeatures(plan_, {request_.feature}, false));
    needs_ = features::FindNeeds(plan_, selection_);
    ARROW_RETURN_NOT_OK(CheckNames());
    ARROW_RETURN_NOT_OK(ReadRequestFields());
    ARROW_RETURN_NOT_OK(ReadEvents(open));
    as_of_.AppendInt(request_.at.micros());
    for (size_t use = 0; use < selection_.uses.size(); ++use) StoreColumns(use);

    Explanation explanation;
    explanation.at = request_.at;
    explanation.keys = request_.keys;
    const features::SelectedColumn& column = selection_.columns[0];
    explanation.value = column.on_demand ? ExplainOnDemand(column.use, column.feature)
                                         : ExplainOfView(column.use, column.feature);
    explanation.rejected = scan_->rejected();
    AddNotes(&explanation);
    return explanation;
  }

 private:
  Status CheckNames() {
    std::vector<Problem> problems;
    std::set<std::string> needed;
    for (const features::ViewUse& use : selection_.uses) {
      needed.insert(use.key_columns.begin(), use.key_columns.end());
    }
    for (const std::string& key : needed) {
      if (request_.keys.contains(key)) continue;
      problems.push_back({base::codes::kMissingColumn,
                          "the key '" + key + "' of " + request_.feature + " is missing",
                          {},
                          "give it with --key " + key + "=…"});
    }
    const std::vector<std::string> names(needed.begin(), needed.end());
    for (const auto& [key, text] : request_.keys) {
      if (needed.contains(key)) continue;
      problems.push_back({base::codes::kUnknownName,
                          request_.feature + " has no key '" + key + "'",
                          {},
                          base::NearestHint(key, names)});
    }
    for (const columns::Field& field : selection_.request_fields) {
      if (request_.request.contains(field.name)) continue;
      problems.push_back({base::codes::kMissingColumn,
                          "the request field '" + field.name + "' is missing",
                          {},
                          "give it with --request " + field.name + "=…"});
    }
    return problems.empty() ? Status::OK() : base::Errors(std::move(problems));
  }

  Status ReadRequestFields() {
    for (const columns::Field& field : selection_.request_fields) {
      ARROW_ASSIGN_OR_RAISE(
          const Value value,
          columns::FromText(request_.request.find(field.name)->second, field.type));
      columns::ColumnBuffer cell(field.type);
      cell.AppendValue(value);
      request_cells_.push_back(Own(std::move(cell)));
    }
    return Status::OK();
  }

  Result<std::string> KeyOf(const features::ViewUse& use) const {
    const View& view = plan_.views[use.view];
    std::vector<Value> values;
    std::vector<columns::Type> types;
    for (size_t i = 0; i < view.keys.size(); ++i) {
      const std::string& text = request_.keys.find(use.key_columns[i])->second;
      ARROW_ASSIGN_OR_RAISE(Value value, columns::FromText(text, view.keys[i].type));
      values.push_back(std::move(value));
      types.push_back(view.keys[i].type);
    }
    std::string key;
    if (!features::EncodeKey(values, types, &key)) {
      return base::Error(base::codes::kBadValue, "a key of " + request_.feature + " is null");
    }
    return key;
  }

  Status ReadEvents(const offline::SourceOpener& open) {
    scan_ = std::make_unique<offline::SourceScan>(plan_, open);
    for (size_t use = 0; use < selection_.uses.size(); ++use) {
      const View& view = plan_.views[selection_.uses[use].view];
      ARROW_ASSIGN_OR_RAISE(std::string key, KeyOf(selection_.uses[use]));
      auto events = std::make_shared<ChosenEvents>(view, ChosenEvents::Rows::kAll);
      events->Choose(key);
      chosen_.push_back({events, std::move(key)});
      scan_->Add({&view, needs_.uses[use],
                  [events](const offline::ViewBatch& batch) { return events->Add(batch); },
                  std::nullopt, std::nullopt});
    }
    ARROW_RETURN_NOT_OK(scan_->Open({}));
    ARROW_RETURN_NOT_OK(scan_->Run());
    for (const auto& [events, key] : chosen_) {
      events->Finish();
      events_.push_back(&events->Of(key));
    }
    return Status::OK();
  }

  // The settled cells of a use, stored and derived, and what explains the stored ones.
  void StoreColumns(size_t use) {
    const int index = selection_.uses[use].view;
    const View& view = plan_.views[index];
    std::vector<OwnedColumn> cells(view.features.size());
    std::vector<ExplainedValue> explained(view.features.size());
    for (size_t i = 0; i < view.features.size(); ++i) {
      const Feature& feature = view.features[i];
      if (!needs_.uses[use][i] || feature.kind == FeatureKind::kDerived) continue;
      const int f = static_cast<int>(i);
      StoredValue stored = feature.kind == FeatureKind::kAggregate
                               ? ExplainAggregate(view, f, *events_[use], request_.at)
                               : ExplainRow(view, f, *events_[use], request_.at);
      cells[i] = std::move(stored.cell);
      explained[i] = std::move(stored.explained);
    }
    features::ViewDeriver deriver(plan_, index);
    errors_.emplace_back();
    event_times_.push_back(EventTimeOf(view, *events_[use]));
    cells_.push_back(deriver.Run(cells, as_of_.View(), event_times_.back().cell.view,
                                 needs_.uses[use], &errors_.back()));
    explained_.push_back(std::move(explained));
  }

  // Of the row of a snapshot view that stands.
  StoredValue EventTimeOf(const View& view, const KeyEvents& events) const {
    StoredValue stored;
    if (view.kind != features::ViewKind::kSnapshot) return stored;
    stored = ExplainEventTime(events, request_.at);
    FillValue(stored.cell.view, &stored.explained);
    return stored;
  }

  static std::string ErrorOf(const std::vector<features::ErrorCell>& errors,
                             const std::string& feature) {
    for (const features::ErrorCell& error : errors) {
      if (error.feature == feature) return error.code;
    }
    return "";
  }

  static void FillValue(const Column& cell, ExplainedValue* explained) {
    explained->type = cell.type.ToString();
    explained->value = columns::ToText(cell.value(0), cell.type);
    if (cell.valid(0)) {
      explained->status = "PRESENT";
    } else if (explained->status.empty()) {
      explained->status = "NULL_VALUE";
    }
  }

  ExplainedValue AsOf() const {
    ExplainedValue value;
    value.feature = "as_of";
    FillValue(as_of_.View(), &value);
    return value;
  }

  ExplainedValue ExplainOfView(size_t use, int index) const {
    const View& view = plan_.views[selection_.uses[use].view];
    const Feature& feature = view.features[index];
    ExplainedValue explained = explained_[use][index];
    explained.feature = view.name + ":" + feature.name;
    explained.definition = DefinitionText(view, feature);
    FillValue(cells_[use][index].view, &explained);
    if (!feature.default_value.is_null()) {
      explained.definition += " default " + columns::ToText(feature.default_value, feature.type);
    }
    if (feature.kind != FeatureKind::kDerived) return explained;
    for (const int column : feature.expression.columns()) {
      const int as_of = static_cast<int>(view.features.size());
      explained.inputs.push_back(column < as_of    ? ExplainOfView(use, column)
                                 : column == as_of ? AsOf()
                                                   : event_times_[use].explained);
    }
    explained.arithmetic = DerivedText(explained, ErrorOf(errors_[use], explained.feature));
    return explained;
  }

  static std::string DerivedText(const ExplainedValue& value, const std::string& error) {
    std::string text = value.definition + " = " + value.value;
    if (!error.empty()) text += " (" + error + ")";
    for (size_t i = 0; i < value.inputs.size(); ++i) {
      const std::string& name = value.inputs[i].feature;
      text += (i == 0 ? " where " : ", ") + name.substr(name.find(':') + 1) + " = " +
              value.inputs[i].value;
    }
    return text;
  }

  ExplainedValue ExplainOnDemand(size_t run, int index) const {
    const features::OnDemandView& view = plan_.on_demand[selection_.on_demand[run]];
    std::vector<Column> scope(view.scope_columns.size());
    for (size_t input = 0; input < view.inputs.size(); ++input) {
      const auto& cells = cells_[selection_.on_demand_uses[run][input]];
      for (size_t i = 0; i < cells.size(); ++i) {
        scope[view.input_offsets[input] + i] = cells[i].view;
      }
    }
    for (size_t i = 0; i < view.request.size(); ++i) {
      if (const Column* cell = RequestCell(view.request[i])) {
        scope[view.request_offset + i] = *cell;
      }
    }
    const Column as_of = as_of_.View();
    scope[view.as_of_column] = as_of;
    features::OnDemandDeriver deriver(plan_, selection_.on_demand[run]);
    std::vector<features::ErrorCell> errors;
    const std::vector<OwnedColumn> own = deriver.Run(scope, 1, needs_.on_demand[run], &errors);
    return OnDemandValue(run, index, own, errors);
  }

  const Column* RequestCell(const columns::Field& field) const {
    for (size_t i = 0; i < selection_.request_fields.size(); ++i) {
      if (selection_.request_fields[i] == field) return &request_cells_[i].view;
    }
    return nullptr;
  }

  ExplainedValue OnDemandValue(size_t run, int index, const std::vector<OwnedColumn>& own,
                               const std::vector<features::ErrorCell>& errors) const {
    const features::OnDemandView& view = plan_.on_demand[selection_.on_demand[run]];
    const features::OnDemandFeature& feature = view.features[index];
    ExplainedValue explained;
    explained.feature = view.name + ":" + feature.name;
    explained.definition = feature.expression.text();
    FillValue(own[index].view, &explained);
    for (const int column : feature.expression.columns()) {
      explained.inputs.push_back(ScopeValue(run, column, own, errors));
    }
    explained.arithmetic = DerivedText(explained, ErrorOf(errors, explained.feature));
    return explained;
  }

  ExplainedValue ScopeValue(size_t run, int column, const std::vector<OwnedColumn>& own,
                            const std::vector<features::ErrorCell>& errors) const {
    const features::OnDemandView& view = plan_.on_demand[selection_.on_demand[run]];
    if (column == view.as_of_column) return AsOf();
    if (column >= view.own_offset) {
      return OnDemandValue(run, column - view.own_offset, own, errors);
    }
    if (column >= view.request_offset) {
      const columns::Field& field = view.request[column - view.request_offset];
      ExplainedValue value;
      value.feature = "request field " + field.name;
      FillValue(*RequestCell(field), &value);
      return value;
    }
    size_t input = view.inputs.size() - 1;
    while (view.input_offsets[input] > column) --input;
    return ExplainOfView(selection_.on_demand_uses[run][input], column - view.input_offsets[input]);
  }

  void AddNotes(Explanation* explanation) const {
    for (const offline::SourceStats& stats : scan_->sources()) {
      const features::Source& source = plan_.sources[stats.source];
      if (source.created) continue;
      explanation->notes.push_back("source " + source.name +
                                   " has no `created`: assumes that events are online the "
                                   "instant they happen");
    }
  }

  const features::FeaturePlan& plan_;
  const ExplainRequest& request_;
  features::Selection selection_;
  features::Needs needs_;
  std::vector<OwnedColumn> request_cells_;  // by Selection::request_fields
  // By Selection::uses.
  std::vector<std::pair<std::shared_ptr<ChosenEvents>, std::string>> chosen_;
  std::vector<const KeyEvents*> events_;
  std::unique_ptr<offline::SourceScan> scan_;
  columns::ColumnBuffer as_of_{columns::Kind::kTimestamp};
  std::vector<StoredValue> event_times_;                // by use; empty for windowed views
  std::vector<std::vector<OwnedColumn>> cells_;         // by use, by feature
  std::vector<std::vector<ExplainedValue>> explained_;  // by use, by feature: stored ones
  std::vector<std::vector<features::ErrorCell>> errors_;
};

}  // namespace

Result<Explanation> Explain(const features::FeaturePlan& plan, const ExplainRequest& request,
                            const offline::SourceOpener& open) {
  return Explainer(plan, request).Run(open);
}

}  // namespace millrace::jobs
