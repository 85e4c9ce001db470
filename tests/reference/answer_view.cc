// One view, on-demand view or label for one row: which rows count, their aggregate, settling,
// derived features.
#include <algorithm>

#include "base/time.h"
#include "reference/answers_internal.h"

namespace millrace::reference {

using base::Result;
using base::Status;
using features::Feature;
using features::FeatureKind;
using features::View;

__int128 WindowBegin(const View& view, const Feature& feature, int64_t t) {
  if (!feature.window.length) return INT64_MIN;
  __int128 begin = static_cast<__int128>(t) - feature.window.length->micros();
  const int64_t resolution = view.resolution.micros();
  if (resolution > 0) {
    const __int128 remainder = ((begin % resolution) + resolution) % resolution;
    begin -= remainder;
  }
  return begin;
}

Value Settle(const Cell& cell, const std::string& feature, const Value& default_value,
             std::string* reason, engines::Counts* errors) {
  if (cell.is_error()) {
    ++(*errors)[{feature, std::string(columns::ErrorName(cell.cell))}];
    *reason = "error";
  }
  Value value = cell.cell == columns::kValid ? Canonical(cell.value) : Canonical(default_value);
  if (!value.is_null()) reason->clear();
  return value;
}

RowEvaluator* Answers::EvaluatorOf(const expr::Expression& expression,
                                   const std::vector<columns::Field>& scope) {
  std::unique_ptr<RowEvaluator>& known = evaluators_[&expression];
  if (!known) known = std::make_unique<RowEvaluator>(expression, scope);
  return known.get();
}

// The aggregate over those rows that pass its filter and have an input.
Result<Cell> Answers::AggregateRows(const View& view, const Feature& feature,
                                    const std::vector<const ViewRow*>& rows, int64_t as_of) {
  std::vector<Row> counting;
  for (const ViewRow* row : rows) {
    if (feature.filter >= 0) {
      const Cell& keep = row->filters[static_cast<size_t>(feature.filter)];
      if (keep.cell != columns::kValid || !keep.value.as_bool()) continue;
    }
    Row one{row->time, row->created, {}};
    if (feature.input >= 0) {
      const Cell& input = row->inputs[static_cast<size_t>(feature.input)];
      if (input.cell != columns::kValid) continue;
      one.value = input.value;
    }
    counting.push_back(std::move(one));
  }
  std::sort(counting.begin(), counting.end(), [](const Row& a, const Row& b) {
    if (a.time != b.time) return a.time < b.time;
    if (a.created != b.created) return a.created < b.created;
    return columns::Compare(a.value, b.value) < 0;
  });
  if (feature.call.function.empty()) {
    return base::Error(base::codes::kInternal, view.name + ":" + feature.name + " has no function");
  }
  return Aggregate({feature.call, counting, as_of});
}

// A stored feature before its default; `reason` says why it is null if it is.
Result<Cell> Answers::Stored(const View& view, size_t index, const Key& key, const At& at,
                             std::string* reason) {
  const Feature& feature = view.features[index];
  ARROW_ASSIGN_OR_RAISE(const ViewTable* table, tables_.OfView(view, "view " + view.name));
  *reason = "null_value";
  if (feature.kind == FeatureKind::kRow) {
    bool outdated = false;
    const ViewRow* row = NewestRow(view, *table, key, *at.time, at.ignore_created, &outdated);
    if (row != nullptr) return row->values[index];
    *reason = outdated ? "outside_max_age" : "not_found";
    return Cell();
  }
  const int64_t t = *at.time;
  std::optional<int64_t> known_at;
  if (!at.ignore_created) known_at = t;
  const auto rows = RowsWithin(*table, key, WindowBegin(view, feature, t), t, known_at);
  if (rows.empty()) {
    ARROW_ASSIGN_OR_RAISE(bool any, HasRows(view, key, *at.time, at.ignore_created));
    if (!any) *reason = "not_found";
  }
  return AggregateRows(view, feature, rows, *at.time);
}

Result<ViewAnswer> Answers::AnswerView(const Asked& asked, size_t use_index, const At& at,
                                       engines::Counts* errors) {
  const features::ViewUse& use = asked.selection.uses[use_index];
  const View& view = plan_->views[static_cast<size_t>(use.view)];
  const std::vector<bool>& wanted = asked.wanted[use_index];
  bool null_key = false;
  const Key key = KeyAt(at.cells, *at.columns, use.key_columns, &null_key);
  ViewAnswer answer;
  answer.values.resize(view.features.size());
  answer.reasons.resize(view.features.size());
  for (size_t i = 0; i < view.features.size(); ++i) {
    const Feature& feature = view.features[i];
    if (!wanted[i] || feature.kind == FeatureKind::kDerived) continue;
    Cell cell;
    std::string& reason = answer.reasons[i];
    if (null_key || !at.time) {
      reason = null_key ? "null_key" : "null_time";
    } else {
      ARROW_ASSIGN_OR_RAISE(cell, Stored(view, i, key, at, &reason));
    }
    answer.values[i] =
        Settle(cell, view.name + ":" + feature.name, feature.default_value, &reason, errors);
  }
  const std::optional<Key> asked_key = null_key ? std::nullopt : std::optional(key);
  ARROW_RETURN_NOT_OK(Derive(view, wanted, at, asked_key, &answer, errors));
  if (null_key || !at.time) {
    for (size_t i = 0; i < view.features.size(); ++i) {
      if (answer.values[i].is_null()) answer.reasons[i] = null_key ? "null_key" : "null_time";
    }
  }
  return answer;
}

Result<Cell> Answers::RowTime(const View& view, const Key& key, const At& at) {
  ARROW_ASSIGN_OR_RAISE(const ViewTable* table, tables_.OfView(view, "view " + view.name));
  bool outdated = false;
  const ViewRow* row = NewestRow(view, *table, key, *at.time, at.ignore_created, &outdated);
  return row == nullptr ? Cell() : Cell(Value(row->time));
}

Status Answers::Derive(const View& view, const std::vector<bool>& wanted, const At& at,
                       const std::optional<Key>& key, ViewAnswer* answer, engines::Counts* errors) {
  std::vector<columns::Field> scope;
  for (const Feature& feature : view.features) scope.push_back({feature.name, feature.type});
  scope.push_back({"as_of", Type(columns::Kind::kTimestamp)});
  scope.push_back({"event_time", Type(columns::Kind::kTimestamp)});
  Cell row_time;
  if (view.kind == features::ViewKind::kSnapshot && key && at.time) {
    ARROW_ASSIGN_OR_RAISE(row_time, RowTime(view, *key, at));
  }
  for (const int index : view.derived_order) {
    const auto i = static_cast<size_t>(index);
    if (!wanted[i]) continue;
    std::vector<Cell> row(answer->values.begin(), answer->values.end());
    row.emplace_back(at.time ? Value(*at.time) : Value());
    row.push_back(row_time);
    const Feature& feature = view.features[i];
    const Cell cell = EvaluatorOf(feature.expression, scope)->Run(row);
    answer->reasons[i] = "null_value";
    answer->values[i] = Settle(cell, view.name + ":" + feature.name, feature.default_value,
                               &answer->reasons[i], errors);
  }
  return Status::OK();
}

Result<ViewAnswer> Answers::AnswerOnDemand(const Asked& asked, size_t index, const At& at,
                                           const std::vector<ViewAnswer>& views,
                                           engines::Counts* errors) {
  const features::Selection& selection = asked.selection;
  const features::OnDemandView& view =
      plan_->on_demand[static_cast<size_t>(selection.on_demand[index])];
  std::vector<Cell> row(view.scope_columns.size());
  for (size_t j = 0; j < view.inputs.size(); ++j) {
    const ViewAnswer& from = views[static_cast<size_t>(selection.on_demand_uses[index][j])];
    for (size_t f = 0; f < from.values.size(); ++f) {
      row[static_cast<size_t>(view.input_offsets[j]) + f] = from.values[f];
    }
  }
  for (size_t f = 0; f < view.request.size(); ++f) {
    row[static_cast<size_t>(view.request_offset) + f] = at.Cell(view.request[f].name);
  }
  row[static_cast<size_t>(view.as_of_column)] = at.time ? Value(*at.time) : Value();
  ViewAnswer answer;
  answer.values.resize(view.features.size());
  answer.reasons.resize(view.features.size());
  for (const int feature_index : view.order) {
    const auto i = static_cast<size_t>(feature_index);
    if (!asked.wanted_on_demand[index][i]) continue;
    const features::OnDemandFeature& feature = view.features[i];
    const Cell cell = EvaluatorOf(feature.expression, view.scope_columns)->Run(row);
    answer.reasons[i] = "null_value";
    answer.values[i] = Settle(cell, view.name + ":" + feature.name, feature.default_value,
                              &answer.reasons[i], errors);
    row[static_cast<size_t>(view.own_offset) + i] = answer.values[i];
  }
  return answer;
}

// Events in (t, t + W], whatever their knowledge time; null while t + W is after the newest event.
Result<Value> Answers::AnswerLabel(const features::Label& label, const At& at,
                                   engines::Answer* answer, std::string* reason) {
  const View& view = label.view;
  const Feature& feature = view.features.at(0);
  const std::string subject = "label " + label.name;
  ARROW_ASSIGN_OR_RAISE(const ViewTable* table, tables_.OfView(view, subject));
  bool null_key = false;
  std::vector<std::string> names;
  for (const columns::Field& key : view.keys) names.push_back(key.name);
  const Key key = KeyAt(at.cells, *at.columns, names, &null_key);
  if (null_key || !at.time) {
    *reason = null_key ? "null_key" : "null_time";
    return Settle(Cell(), subject, feature.default_value, reason, &answer->errors);
  }
  ARROW_ASSIGN_OR_RAISE(const SourceTable* source, tables_.OfSource(view.source));
  const __int128 end = static_cast<__int128>(*at.time) + label.length.micros();
  const bool over = std::any_of(source->rows.begin(), source->rows.end(),
                                [&](const SourceRow& row) { return row.time >= end; });
  if (!over) {
    *reason = "not_over_yet";
    ++answer->counted[{label.name, "not_over_yet"}];
    return Value();
  }
  const auto rows = RowsWithin(*table, key, static_cast<__int128>(*at.time) + 1, end + 1, {});
  *reason = rows.empty() ? "not_found" : "null_value";
  ARROW_ASSIGN_OR_RAISE(Cell cell, AggregateRows(view, feature, rows, *at.time));
  return Settle(cell, subject, feature.default_value, reason, &answer->errors);
}

}  // namespace millrace::reference
