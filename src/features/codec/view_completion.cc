// Scopes rebuilt, texts bound again, hashes made again.
#include "features/codec/view_completion.h"

#include <utility>

#include "features/hash.h"
#include "features/plan_scope.h"

namespace millrace::features {

base::Status CorruptPlan(const std::string& what) {
  return base::Error(base::codes::kCorrupt, "a plan's bytes are damaged: " + what);
}

namespace {

base::Result<expr::Expression> BindCondition(const std::string& text, const expr::Scope& scope) {
  ARROW_ASSIGN_OR_RAISE(auto bound, expr::Expression::Make(text, scope));
  if (bound.type().kind() != columns::Kind::kBool) return CorruptPlan("a condition is no bool");
  return bound;
}

base::Status CompleteStored(const ViewTexts& texts, const expr::Scope& rows, size_t i, View* view) {
  Feature& feature = view->features[i];
  if (feature.kind == FeatureKind::kRow) {
    ARROW_ASSIGN_OR_RAISE(feature.expression, expr::Expression::Make(texts.features[i], rows));
    feature.type = feature.expression.type();
  } else {
    if (feature.input >= 0) {
      feature.call.input = view->inputs[static_cast<size_t>(feature.input)].type();
    }
    ARROW_ASSIGN_OR_RAISE(feature.aggregate, aggregate::Make(feature.call));
    feature.type = feature.aggregate->result_type();
  }
  return feature.type == texts.types[i] ? base::Status() : CorruptPlan("a feature's type differs");
}

base::Status CompleteDerived(const ViewTexts& texts, View* view) {
  const int first = view->stored_count();
  const std::vector<std::string> derived(texts.features.begin() + first, texts.features.end());
  const DependencyOrder order = OrderByUse(DerivedUses(*view, derived));
  if (!order.cycle.empty()) return CorruptPlan("derived features use one another in a circle");
  expr::Scope scope = DerivedScope(*view);
  for (const int i : order.order) {
    Feature& feature = view->features[static_cast<size_t>(first + i)];
    ARROW_ASSIGN_OR_RAISE(feature.expression,
                          expr::Expression::Make(derived[static_cast<size_t>(i)], scope));
    feature.type = feature.expression.type();
    if (!(feature.type == texts.types[static_cast<size_t>(first + i)])) {
      return CorruptPlan("a feature's type differs");
    }
    AddDerived(*view, first + i, &scope);
    view->derived_order.push_back(first + i);
  }
  return {};
}

}  // namespace

base::Status CompleteView(const FeaturePlan& plan, const ViewTexts& texts, View* view) {
  if (view->kind == ViewKind::kSnapshot && !view->lookups.empty()) {
    return CorruptPlan("a snapshot view has lookups");
  }
  for (const Lookup& lookup : view->lookups) {
    if (static_cast<size_t>(lookup.view) >= plan.views.size() ||
        plan.views[static_cast<size_t>(lookup.view)].kind != ViewKind::kSnapshot) {
      return CorruptPlan("a lookup names no snapshot view");
    }
  }
  FillKeys(plan, view);
  FillRowColumns(plan, view);
  for (const int column : view->key_columns) {
    if (column < 0) return CorruptPlan("a source lacks a key");
  }
  for (const Lookup& lookup : view->lookups) {
    for (const int column : lookup.key_columns) {
      if (column < 0) return CorruptPlan("a source lacks a lookup's key");
    }
  }
  const expr::Scope rows = RowScope(plan, *view);
  if (!texts.where.empty()) {
    ARROW_ASSIGN_OR_RAISE(view->where, BindCondition(texts.where, rows));
  }
  for (const std::string& text : texts.inputs) {
    ARROW_ASSIGN_OR_RAISE(auto input, expr::Expression::Make(text, rows));
    view->inputs.push_back(std::move(input));
  }
  for (const std::string& text : texts.filters) {
    ARROW_ASSIGN_OR_RAISE(auto filter, BindCondition(text, rows));
    view->filters.push_back(std::move(filter));
  }
  for (int i = 0; i < view->stored_count(); ++i) {
    ARROW_RETURN_NOT_OK(CompleteStored(texts, rows, static_cast<size_t>(i), view));
  }
  ARROW_RETURN_NOT_OK(CompleteDerived(texts, view));
  FillHashes(plan, view);
  return {};
}

base::Status CompleteOnDemand(const FeaturePlan& plan, const std::vector<std::string>& texts,
                              const std::vector<Type>& types, OnDemandView* view) {
  const DependencyOrder order = OrderByUse(OnDemandUses(*view, texts));
  if (!order.cycle.empty()) return CorruptPlan("on-demand features use one another in a circle");
  FillOnDemandColumns(plan, view);
  expr::Scope scope = OnDemandScope(plan, *view);
  for (const int index : order.order) {
    const auto i = static_cast<size_t>(index);
    OnDemandFeature& feature = view->features[i];
    ARROW_ASSIGN_OR_RAISE(feature.expression, expr::Expression::Make(texts[i], scope));
    feature.type = feature.expression.type();
    if (!(feature.type == types[i])) return CorruptPlan("a feature's type differs");
    AddOnDemandFeature(index, view, &scope);
    view->order.push_back(index);
  }
  FillHashes(plan, view);
  return {};
}

}  // namespace millrace::features
