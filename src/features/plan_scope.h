// What follows from a plan's own fields: keys, row columns and the scopes that expressions are
// bound to. One implementation for compiling definitions and for decoding a plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "expr/scope.h"
#include "features/plan.h"

namespace millrace::features {

expr::Scope SourceScope(const Source& source);

// View::keys and key_columns from its entities and source; -1 where the source lacks the column.
void FillKeys(const FeaturePlan& plan, View* view);
// Lookup::key_columns (-1 where the source lacks one), View::row_columns and Lookup::first_column.
// REQUIRES: the looked-up views are complete.
void FillRowColumns(const FeaturePlan& plan, View* view);
// Of a snapshot view also `event_time`, where the source's time column is a timestamp of another
// name. REQUIRES: FillRowColumns.
expr::Scope RowScope(const FeaturePlan& plan, const View& view);
// The stored features by name, `as_of`, and of a snapshot view `event_time`. Derived features are
// added as their types become known. REQUIRES: the view has the names of all its features.
expr::Scope DerivedScope(const View& view);
void AddDerived(const View& view, int feature, expr::Scope* scope);

// OnDemandView::scope_columns and the offsets in it. Types of own features are null until they are
// bound.
void FillOnDemandColumns(const FeaturePlan& plan, OnDemandView* view);
// Inputs, request fields and `as_of`. REQUIRES: FillOnDemandColumns.
expr::Scope OnDemandScope(const FeaturePlan& plan, const OnDemandView& view);
// Once its type is known; also sets the type of its scope column.
void AddOnDemandFeature(int feature, OnDemandView* view, expr::Scope* scope);

// Nodes in an order in which each comes after those it uses, by index where they are free. When
// there is a cycle: no order, and the cycle from its smallest node on.
struct DependencyOrder {
  std::vector<int> order;
  std::vector<int> cycle;
};
DependencyOrder OrderByUse(const std::vector<std::vector<int>>& uses);

// The names that an expression mentions; none when it does not parse.
std::vector<std::string> NamesIn(const expr::Node& node);

// uses[i]: the derived features (by position after stored_count()) that derived feature i mentions.
std::vector<std::vector<int>> DerivedUses(const View& view, const std::vector<std::string>& texts);
std::vector<std::vector<int>> OnDemandUses(const OnDemandView& view,
                                           const std::vector<std::string>& texts);

}  // namespace millrace::features
