// Binding: where a view's rows and states are in a store. What the updater writes by, and what
// reads ask by.
#pragma once

#include <optional>
#include <vector>

#include "base/time.h"
#include "features/plan.h"
#include "features/view_rows.h"
#include "state/format/table.h"
#include "state/key/state_set.h"

namespace millrace::state {

struct ViewBinding {
  const features::View* view = nullptr;
  const Table* table = nullptr;
  std::vector<int> inputs;   // by View::inputs: index into Table::columns
  std::vector<int> filters;  // by View::filters
  std::vector<int> values;   // by View::features: of row features; else -1
  std::vector<int> slots;    // by View::features: of aggregates, -1: no state is kept
};

// The newest table that has all that the view needs, complete as far back as it can be asked at
// `now`; nothing: it is not ready. REQUIRES: all of it outlives the result.
std::optional<ViewBinding> BindReady(const features::FeaturePlan& plan, const features::View& view,
                                     const Catalog& catalog, base::EventTime now);

// Whether the table has every column and, where rows become tiles, every state of the view.
std::optional<ViewBinding> BindTable(const features::FeaturePlan& plan, const features::View& view,
                                     const Table& table);

// A table for the view's event id, with all that the view needs and nothing else yet.
Table MakeTable(const features::FeaturePlan& plan, const features::View& view);
// Adds columns and states that the table lacks. What is added is not there for rows already stored.
void Extend(const features::FeaturePlan& plan, const features::View& view, Table* table);

// Puts what the view makes of a batch into the cells of its table's rows (by Table::columns). Those
// that the view does not compute stay as they are.
void PlaceCells(const ViewBinding& binding, const features::ViewRows& rows,
                std::vector<columns::Column>* cells);

// Puts the aggregates of the view's features to the table's slots.
void BindAggregates(const ViewBinding& binding, BoundTable* bound);

}  // namespace millrace::state
