// Settling of results and evaluation of derived and on-demand features, each after its inputs.
#include "features/derive.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "expr/evaluator.h"

namespace millrace::features {

using columns::Column;
using columns::ColumnBuffer;
using columns::OwnedColumn;
using columns::Physical;

namespace {

void CountError(const std::string& feature, uint8_t cell, int64_t row,
                std::vector<ErrorCell>* errors) {
  if (errors == nullptr) return;
  const std::string_view code = columns::ErrorName(cell);
  for (ErrorCell& error : *errors) {
    if (error.feature == feature && error.code == code) {
      error.rows.push_back(row);
      return;
    }
  }
  errors->push_back({feature, std::string(code), {row}});
}

void CountErrors(std::span<const uint8_t> cells, const std::string& feature,
                 std::vector<ErrorCell>* errors) {
  for (size_t row = 0; row < cells.size(); ++row) {
    if (cells[row] > columns::kValid) {
      CountError(feature, cells[row], static_cast<int64_t>(row), errors);
    }
  }
}

bool IsPlain(const columns::Type& type) {
  const Physical physical = type.physical();
  return physical != Physical::kList && physical != Physical::kMap && physical != Physical::kNone;
}

// Copies a column of one plain array; the loops differ in the array alone.
template <typename T, typename Keep>
void CopyPlain(const Column& column, const T* from, T* to, const uint8_t* cells, Keep keep) {
  for (int64_t row = 0; row < column.size; ++row) {
    to[row] = cells[row] == columns::kValid ? keep(from[row]) : T{};
  }
}

void FillDefault(const Value& value, int64_t row, ColumnBuffer* out) {
  out->cells()[row] = columns::kValid;
  switch (out->type().physical()) {
    case Physical::kBool:
      out->bools()[row] = value.as_bool();
      break;
    case Physical::kInt:
      out->ints()[row] = value.as_int();
      break;
    case Physical::kUInt:
      out->uints()[row] = value.as_uint();
      break;
    case Physical::kFloat:
      out->floats()[row] = columns::CanonicalFloat(value.as_float());
      break;
    case Physical::kString:
      out->strings()[row] = out->Keep(value.as_string());
      break;
    default:
      break;
  }
}

// In a column of one plain array, every null.
void FillDefaults(const Value& value, ColumnBuffer* out) {
  if (value.is_null()) return;
  for (int64_t row = 0; row < out->size(); ++row) {
    if (out->cells()[row] != columns::kValid) FillDefault(value, row, out);
  }
}

void CopyPlainColumn(const Column& column, ColumnBuffer* out) {
  const auto same = [](auto v) { return v; };
  const auto kept = [&](std::string_view v) { return out->Keep(v); };
  switch (column.type.physical()) {
    case Physical::kBool:
      CopyPlain(column, column.bools, out->bools(), out->cells(), same);
      break;
    case Physical::kInt:
      CopyPlain(column, column.ints, out->ints(), out->cells(), same);
      break;
    case Physical::kUInt:
      CopyPlain(column, column.uints, out->uints(), out->cells(), same);
      break;
    case Physical::kFloat:
      CopyPlain(column, column.floats, out->floats(), out->cells(), columns::CanonicalFloat);
      break;
    case Physical::kString:
      CopyPlain(column, column.strings, out->strings(), out->cells(), kept);
      break;
    default:
      break;
  }
}

// One NaN and one zero in all elements of a list or map.
void CanonicalizeElements(ColumnBuffer* cells) {
  const Physical physical = cells->type().physical();
  if (physical == Physical::kFloat) {
    double* floats = cells->floats();
    for (int64_t i = 0; i < cells->size(); ++i) floats[i] = columns::CanonicalFloat(floats[i]);
  }
  if (physical == Physical::kMap) CanonicalizeElements(cells->keys());
  if (physical == Physical::kMap || physical == Physical::kList) {
    CanonicalizeElements(cells->elements());
  }
}

void SettleNested(const Column& column, const Value& default_value, ColumnBuffer* out) {
  for (int64_t row = 0; row < column.size; ++row) {
    if (column.valid(row)) {
      out->AppendFrom(column, row);
    } else if (default_value.is_null()) {
      out->AppendNull();
    } else {
      out->AppendValue(default_value);
    }
  }
  CanonicalizeElements(out);
}

// What a derived expression may read: the features of a view, then as_of.
std::vector<bool> Closure(const std::vector<int>& order, std::vector<bool> wanted, int own_offset,
                          const std::function<const expr::Expression&(int)>& expression) {
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    if (!wanted[*it]) continue;
    for (const int column : expression(*it).columns()) {
      const int own = column - own_offset;
      if (own >= 0 && own < static_cast<int>(wanted.size())) wanted[own] = true;
    }
  }
  return wanted;
}

}  // namespace

OwnedColumn SettleColumn(const Column& column, const std::string& feature,
                         const Value& default_value, std::vector<ErrorCell>* errors) {
  if (column.cells != nullptr) {
    CountErrors({column.cells, static_cast<size_t>(column.size)}, feature, errors);
  }
  ColumnBuffer out(column.type);
  if (!IsPlain(column.type)) {
    out.Reserve(column.size);
    SettleNested(column, default_value, &out);
    return Own(std::move(out));
  }
  out.Resize(column.size);
  for (int64_t row = 0; row < column.size; ++row) {
    out.cells()[row] = column.valid(row) ? columns::kValid : columns::kNullCell;
  }
  CopyPlainColumn(column, &out);
  FillDefaults(default_value, &out);
  return Own(std::move(out));
}

void SettleCells(const std::string& feature, const Value& default_value, ColumnBuffer* cells,
                 std::vector<ErrorCell>* errors) {
  CountErrors({cells->cells(), static_cast<size_t>(cells->size())}, feature, errors);
  if (!IsPlain(cells->type())) {
    ColumnBuffer out(cells->type());
    SettleNested(cells->View(), default_value, &out);
    *cells = std::move(out);
    return;
  }
  uint8_t* const kinds = cells->cells();
  double* const floats = cells->type().physical() == Physical::kFloat ? cells->floats() : nullptr;
  for (int64_t row = 0; row < cells->size(); ++row) {
    if (kinds[row] != columns::kValid) kinds[row] = columns::kNullCell;
    if (floats != nullptr) floats[row] = columns::CanonicalFloat(floats[row]);
  }
  FillDefaults(default_value, cells);
}

std::vector<bool> WithInputs(const View& view, std::vector<bool> wanted) {
  wanted.resize(view.features.size());
  return Closure(view.derived_order, std::move(wanted), 0,
                 [&](int i) -> const expr::Expression& { return view.features[i].expression; });
}

std::vector<bool> WithInputs(const OnDemandView& view, std::vector<bool> wanted) {
  wanted.resize(view.features.size());
  return Closure(view.order, std::move(wanted), view.own_offset,
                 [&](int i) -> const expr::Expression& { return view.features[i].expression; });
}

std::vector<bool> ScopeColumnsRead(const OnDemandView& view, const std::vector<bool>& wanted) {
  const std::vector<bool> all = WithInputs(view, wanted);
  std::vector<bool> read(view.scope_columns.size());
  for (size_t i = 0; i < all.size(); ++i) {
    if (!all[i]) continue;
    for (const int column : view.features[i].expression.columns()) read[column] = true;
  }
  return read;
}

bool ReadsEventTime(const View& view, const std::vector<bool>& needed) {
  const int event_time = static_cast<int>(view.features.size()) + 1;
  return std::any_of(view.derived_order.begin(), view.derived_order.end(), [&](int i) {
    const std::vector<int>& columns = view.features[i].expression.columns();
    return needed[i] && std::find(columns.begin(), columns.end(), event_time) != columns.end();
  });
}

struct ViewDeriver::Program {
  const View* view;
  std::vector<std::optional<expr::Evaluator>> evaluators;  // by feature; derived ones only
  std::vector<std::string> names;
};

ViewDeriver::ViewDeriver(const FeaturePlan& plan, int view)
    : program_(std::make_unique<Program>()) {
  program_->view = &plan.views[view];
  for (const Feature& feature : program_->view->features) {
    auto& evaluator = program_->evaluators.emplace_back();
    if (feature.kind == FeatureKind::kDerived) evaluator.emplace(feature.expression);
    program_->names.push_back(program_->view->name + ":" + feature.name);
  }
}

ViewDeriver::~ViewDeriver() = default;
ViewDeriver::ViewDeriver(ViewDeriver&&) noexcept = default;
ViewDeriver& ViewDeriver::operator=(ViewDeriver&&) noexcept = default;

std::vector<OwnedColumn> ViewDeriver::Run(std::span<const OwnedColumn> stored, const Column& as_of,
                                          const Column& event_time, const std::vector<bool>& wanted,
                                          std::vector<ErrorCell>* errors) {
  const View& view = *program_->view;
  const std::vector<bool> needed = WithInputs(view, wanted);
  std::vector<OwnedColumn> settled(view.features.size());
  std::vector<Column> scope(view.features.size() + 2);
  scope[view.features.size()] = as_of;
  scope[view.features.size() + 1] = event_time;
  for (size_t i = 0; i < view.features.size(); ++i) {
    if (view.features[i].kind == FeatureKind::kDerived) continue;
    settled[i] = stored[i];
    scope[i] = stored[i].view;
  }
  for (const int i : view.derived_order) {
    if (!needed[i]) continue;
    const Column cells = program_->evaluators[i]->Run(scope, as_of.size);
    settled[i] = SettleColumn(cells, program_->names[i], view.features[i].default_value, errors);
    scope[i] = settled[i].view;
  }
  return settled;
}

struct OnDemandDeriver::Program {
  const OnDemandView* view;
  std::vector<expr::Evaluator> evaluators;
  std::vector<std::string> names;
};

OnDemandDeriver::OnDemandDeriver(const FeaturePlan& plan, int on_demand_view)
    : program_(std::make_unique<Program>()) {
  program_->view = &plan.on_demand[on_demand_view];
  for (const OnDemandFeature& feature : program_->view->features) {
    program_->evaluators.emplace_back(feature.expression);
    program_->names.push_back(program_->view->name + ":" + feature.name);
  }
}

OnDemandDeriver::~OnDemandDeriver() = default;
OnDemandDeriver::OnDemandDeriver(OnDemandDeriver&&) noexcept = default;
OnDemandDeriver& OnDemandDeriver::operator=(OnDemandDeriver&&) noexcept = default;

std::vector<OwnedColumn> OnDemandDeriver::Run(std::span<const Column> scope, int64_t rows,
                                              const std::vector<bool>& wanted,
                                              std::vector<ErrorCell>* errors) {
  const OnDemandView& view = *program_->view;
  const std::vector<bool> needed = WithInputs(view, wanted);
  std::vector<Column> inputs(scope.begin(), scope.end());
  inputs.resize(view.scope_columns.size());
  std::vector<OwnedColumn> settled(view.features.size());
  for (const int i : view.order) {
    if (!needed[i]) continue;
    const Column cells = program_->evaluators[i].Run(inputs, rows);
    settled[i] = SettleColumn(cells, program_->names[i], view.features[i].default_value, errors);
    inputs[view.own_offset + i] = settled[i].view;
  }
  return settled;
}

}  // namespace millrace::features
