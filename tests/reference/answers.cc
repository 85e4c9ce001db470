// A question from its names to its rows: selection, spine or steps, counts.
#include "reference/answers.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "reference/answers_internal.h"

namespace millrace::reference {

using base::Result;
using base::Status;
using features::View;

namespace {

// Everything that the wanted features read, themselves included.
template <typename Features>
void AddInputs(const Features& features, size_t own_offset, std::vector<bool>* wanted) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < features.size(); ++i) {
      if (!(*wanted)[i] || !features[i].expression) continue;
      for (const int column : features[i].expression.columns()) {
        const size_t own = static_cast<size_t>(column) - own_offset;
        if (static_cast<size_t>(column) < own_offset || own >= wanted->size()) continue;
        changed = changed || !(*wanted)[own];
        (*wanted)[own] = true;
      }
    }
  }
}

void AddDerivedInputs(const View& view, std::vector<bool>* wanted) {
  // A row feature's expression reads the source's columns, not features.
  std::vector<features::Feature> derived = view.features;
  for (features::Feature& feature : derived) {
    if (feature.kind != features::FeatureKind::kDerived) feature.expression = {};
  }
  AddInputs(derived, 0, wanted);
}

std::vector<std::string> OwnNames(const View& view) {
  std::vector<std::string> names;
  for (const columns::Field& key : view.keys) names.push_back(key.name);
  return names;
}

}  // namespace

const Value& Answers::At::Cell(const std::string& column) const {
  static const Value kNull;
  for (size_t i = 0; i < columns->size(); ++i) {
    if ((*columns)[i].name == column) return cells[i];
  }
  return kNull;
}

Key KeyAt(const std::vector<Value>& cells, const std::vector<columns::Field>& fields,
          const std::vector<std::string>& key_columns, bool* null_key) {
  Key key;
  *null_key = false;
  for (const std::string& column : key_columns) {
    Value value;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name == column) value = cells[i];
    }
    *null_key = *null_key || value.is_null();
    key.push_back(std::move(value));
  }
  return key;
}

Result<Answers::Asked> Answers::Resolve(const engines::Question& question) const {
  Asked asked;
  if (question.service.empty()) {
    ARROW_ASSIGN_OR_RAISE(asked.selection,
                          features::SelectFeatures(*plan_, question.features, question.full_names));
  } else {
    ARROW_ASSIGN_OR_RAISE(asked.selection,
                          features::SelectService(*plan_, question.service, question.full_names));
  }
  for (const std::string& name : question.labels) {
    const int label = plan_->FindLabel(name);
    if (label < 0) return base::Error(base::codes::kUnknownName, "there is no label " + name);
    asked.labels.push_back(&plan_->labels[static_cast<size_t>(label)]);
  }
  const features::Selection& selection = asked.selection;
  for (const features::ViewUse& use : selection.uses) {
    asked.wanted.emplace_back(plan_->views[static_cast<size_t>(use.view)].features.size());
  }
  for (const int view : selection.on_demand) {
    asked.wanted_on_demand.emplace_back(
        plan_->on_demand[static_cast<size_t>(view)].features.size());
  }
  for (const features::SelectedColumn& column : selection.columns) {
    auto& of = column.on_demand ? asked.wanted_on_demand : asked.wanted;
    of[static_cast<size_t>(column.use)][static_cast<size_t>(column.feature)] = true;
  }
  for (size_t i = 0; i < selection.on_demand.size(); ++i) {
    const auto& view = plan_->on_demand[static_cast<size_t>(selection.on_demand[i])];
    AddInputs(view.features, static_cast<size_t>(view.own_offset), &asked.wanted_on_demand[i]);
    for (size_t f = 0; f < view.features.size(); ++f) {
      if (!asked.wanted_on_demand[i][f]) continue;
      for (const int column : view.features[f].expression.columns()) {
        for (size_t j = view.inputs.size(); j-- > 0;) {
          if (column >= view.request_offset || column < view.input_offsets[j]) continue;
          const auto use = static_cast<size_t>(selection.on_demand_uses[i][j]);
          asked.wanted[use][static_cast<size_t>(column - view.input_offsets[j])] = true;
          break;
        }
      }
    }
  }
  for (size_t i = 0; i < selection.uses.size(); ++i) {
    AddDerivedInputs(plan_->views[static_cast<size_t>(selection.uses[i].view)], &asked.wanted[i]);
  }
  return asked;
}

// Every key column and request field must be there.
Status Answers::CheckInputs(const Asked& asked, const engines::Question& question) const {
  std::set<std::string> have;
  for (const columns::Field& field : question.inputs) have.insert(field.name);
  std::set<std::string> missing;
  auto need = [&](const std::string& name) {
    if (!have.contains(name)) missing.insert(name);
  };
  for (const features::ViewUse& use : asked.selection.uses) {
    for (const std::string& column : use.key_columns) need(column);
  }
  for (const columns::Field& field : asked.selection.request_fields) need(field.name);
  for (const features::Label* label : asked.labels) {
    for (const columns::Field& key : label->view.keys) need(key.name);
  }
  std::vector<base::Problem> problems;
  for (const std::string& name : missing) {
    problems.push_back({base::codes::kMissingColumn, "the spine has no column " + name});
  }
  return problems.empty() ? Status::OK() : base::Errors(std::move(problems));
}

Result<engines::Answer> Answers::Ask(const engines::Question& question) {
  ARROW_ASSIGN_OR_RAISE(Asked asked, Resolve(question));
  if (question.steps) {
    std::set<std::vector<int>> entities;
    for (const features::ViewUse& use : asked.selection.uses) {
      const View& view = plan_->views[static_cast<size_t>(use.view)];
      entities.insert(view.entities);
      asked.keys = view.keys;
    }
    if (entities.size() != 1 || !asked.selection.request_fields.empty()) {
      return base::Error(base::codes::kUsage, "without a spine: one entity, no request fields");
    }
  } else {
    ARROW_RETURN_NOT_OK(CheckInputs(asked, question));
  }
  ARROW_ASSIGN_OR_RAISE(engines::Answer answer, Run(asked, question, question.ignore_created));
  if (!question.ignore_created || question.steps) return answer;
  ARROW_ASSIGN_OR_RAISE(const engines::Answer known, Run(asked, question, false));
  int64_t rows = 0;
  for (size_t row = 0; row < answer.rows.size(); ++row) {
    bool changed = false;
    for (size_t i = 0; i < asked.selection.columns.size(); ++i) {
      if (columns::SameBits(answer.rows[row][i], known.rows[row][i])) continue;
      changed = true;
      ++answer.counted[{answer.columns[i].name, "changed"}];
    }
    rows += changed ? 1 : 0;
  }
  if (rows > 0) answer.counted[{"rows", "changed"}] = rows;
  return answer;
}

Result<engines::Answer> Answers::Run(const Asked& asked, const engines::Question& question,
                                     bool ignore_created) {
  engines::Answer answer;
  std::vector<At> rows;
  if (question.steps) {
    ARROW_ASSIGN_OR_RAISE(rows, ListKeys(asked, *question.steps, ignore_created));
    answer.columns = asked.keys;
    answer.columns.push_back({"at", Type(columns::Kind::kTimestamp)});
  } else {
    for (size_t i = 0; i < question.rows.size(); ++i) {
      At at{&question.inputs, question.rows[i], {}, ignore_created};
      if (!question.times[i].is_null()) at.time = question.times[i].as_int();
      rows.push_back(std::move(at));
    }
  }
  for (const features::SelectedColumn& column : asked.selection.columns) {
    const auto use = static_cast<size_t>(column.use);
    const auto feature = static_cast<size_t>(column.feature);
    const features::Selection& s = asked.selection;
    const Type type =
        column.on_demand
            ? plan_->on_demand[static_cast<size_t>(s.on_demand[use])].features[feature].type
            : plan_->views[static_cast<size_t>(s.uses[use].view)].features[feature].type;
    answer.columns.push_back({column.name, type});
  }
  for (const features::Label* label : asked.labels) {
    answer.columns.push_back({label->name, label->view.features.at(0).type});
  }
  for (const At& at : rows) {
    std::vector<Value>& cells = answer.rows.emplace_back();
    if (question.steps) {
      cells = at.cells;
      cells.push_back(Value(*at.time));
    }
    ARROW_RETURN_NOT_OK(AnswerRow(asked, at, &answer));
  }
  ARROW_RETURN_NOT_OK(CountRejected(asked, &answer.rejected));
  return answer;
}

Status Answers::AnswerRow(const Asked& asked, const At& at, engines::Answer* answer) {
  const features::Selection& selection = asked.selection;
  std::vector<Value>& cells = answer->rows.back();
  bool null_key = false;
  auto count_key = [&](const std::vector<std::string>& columns) {
    for (const std::string& column : columns) null_key = null_key || at.Cell(column).is_null();
  };
  std::vector<ViewAnswer> views;
  for (size_t use = 0; use < selection.uses.size(); ++use) {
    count_key(selection.uses[use].key_columns);
    ARROW_ASSIGN_OR_RAISE(ViewAnswer view, AnswerView(asked, use, at, &answer->errors));
    views.push_back(std::move(view));
  }
  std::vector<ViewAnswer> on_demand;
  for (size_t i = 0; i < selection.on_demand.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(ViewAnswer one, AnswerOnDemand(asked, i, at, views, &answer->errors));
    on_demand.push_back(std::move(one));
  }
  for (const features::SelectedColumn& column : selection.columns) {
    const auto use = static_cast<size_t>(column.use);
    const auto feature = static_cast<size_t>(column.feature);
    const ViewAnswer& from = column.on_demand ? on_demand[use] : views[use];
    cells.push_back(from.values[feature]);
    if (cells.back().is_null()) ++answer->nulls[{column.name, from.reasons[feature]}];
  }
  for (const features::Label* label : asked.labels) {
    count_key(OwnNames(label->view));
    std::string reason;
    ARROW_ASSIGN_OR_RAISE(Value value, AnswerLabel(*label, at, answer, &reason));
    if (value.is_null()) ++answer->nulls[{label->name, reason}];
    cells.push_back(std::move(value));
  }
  if (null_key) ++answer->counted[{"rows", "null_key"}];
  if (!at.time) ++answer->counted[{"rows", "null_time"}];
  return Status::OK();
}

Result<bool> Answers::HasRows(const View& view, const Key& key, int64_t t, bool ignore_created) {
  ARROW_ASSIGN_OR_RAISE(const ViewTable* table, tables_.OfView(view, "view " + view.name));
  if (view.kind == features::ViewKind::kSnapshot) {
    bool outdated = false;
    return NewestRow(view, *table, key, t, ignore_created, &outdated) != nullptr;
  }
  std::optional<int64_t> known_at;
  if (!ignore_created) known_at = t;
  __int128 begin = static_cast<__int128>(t);
  for (const features::Feature& feature : view.features) {
    if (feature.kind != features::FeatureKind::kAggregate) continue;
    begin = std::min(begin, WindowBegin(view, feature, t));
  }
  return !RowsWithin(*table, key, begin, t, known_at).empty();
}

Result<std::vector<Answers::At>> Answers::ListKeys(const Asked& asked,
                                                   const engines::StepsAsked& steps,
                                                   bool ignore_created) {
  auto less = [](const Key& a, const Key& b) {
    for (size_t i = 0; i < a.size(); ++i) {
      const auto order = columns::Compare(a[i], b[i]);
      if (order != 0) return order < 0;
    }
    return false;
  };
  std::set<Key, decltype(less)> keys(less);
  for (const features::ViewUse& use : asked.selection.uses) {
    const View& view = plan_->views[static_cast<size_t>(use.view)];
    ARROW_ASSIGN_OR_RAISE(const ViewTable* table, tables_.OfView(view, "view " + view.name));
    for (const ViewRow& row : table->rows) keys.insert(row.key);
  }
  std::vector<At> rows;
  for (int64_t t = steps.from.micros(); t < steps.to.micros(); t += steps.every.micros()) {
    for (const Key& key : keys) {
      bool listed = false;
      for (const features::ViewUse& use : asked.selection.uses) {
        const View& view = plan_->views[static_cast<size_t>(use.view)];
        ARROW_ASSIGN_OR_RAISE(bool has, HasRows(view, key, t, ignore_created));
        listed = listed || has;
      }
      if (!listed) continue;
      At at{&asked.keys, {}, t, ignore_created};
      for (const Value& value : key) at.cells.push_back(Canonical(value));
      rows.push_back(std::move(at));
    }
  }
  return rows;
}

}  // namespace millrace::reference
