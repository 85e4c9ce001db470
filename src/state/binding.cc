#include "state/binding.h"

#include <string>

#include "features/hash.h"
#include "state/retention.h"

namespace millrace::state {

using base::EventTime;
using features::Feature;
using features::FeatureKind;
using features::FeaturePlan;
using features::View;
using features::ViewKind;

namespace {

// The ids of a view's expressions, one after another: inputs, filters, row features.
struct ColumnIds {
  std::vector<StoredColumn> inputs;
  std::vector<StoredColumn> filters;
  std::vector<StoredColumn> values;  // by View::features, empty ids where there is none
};

ColumnIds IdsOf(const FeaturePlan& plan, const View& view) {
  const auto column = [&](const expr::Expression& expression) {
    return StoredColumn{features::StoredColumnId(plan, view, expression), expression.type()};
  };
  ColumnIds ids;
  for (const expr::Expression& input : view.inputs) ids.inputs.push_back(column(input));
  for (const expr::Expression& filter : view.filters) ids.filters.push_back(column(filter));
  for (const Feature& feature : view.features) {
    ids.values.push_back(feature.kind == FeatureKind::kRow ? column(feature.expression)
                                                           : StoredColumn{});
  }
  return ids;
}

std::vector<int> Find(const Table& table, const std::vector<StoredColumn>& columns) {
  std::vector<int> found;
  for (const StoredColumn& column : columns) {
    found.push_back(column.id.empty() ? -1 : table.FindColumn(column.id));
  }
  return found;
}

bool AllFound(const std::vector<StoredColumn>& columns, const std::vector<int>& found) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].id.empty() && found[i] < 0) return false;
  }
  return true;
}

}  // namespace

std::optional<ViewBinding> BindTable(const FeaturePlan& plan, const View& view,
                                     const Table& table) {
  if (table.event_id != view.event_id) return std::nullopt;
  const ColumnIds ids = IdsOf(plan, view);
  ViewBinding binding{
      &view, &table, Find(table, ids.inputs), Find(table, ids.filters), Find(table, ids.values),
      {}};
  if (!AllFound(ids.inputs, binding.inputs) || !AllFound(ids.filters, binding.filters) ||
      !AllFound(ids.values, binding.values)) {
    return std::nullopt;
  }
  for (const Feature& feature : view.features) {
    const bool aggregate = feature.kind == FeatureKind::kAggregate;
    binding.slots.push_back(aggregate ? table.FindSlot(feature.state_id) : -1);
    const bool tiled = table.resolution.micros() > 0;
    if (aggregate && tiled && binding.slots.back() < 0) return std::nullopt;
  }
  return binding;
}

std::optional<ViewBinding> BindReady(const FeaturePlan& plan, const View& view,
                                     const Catalog& catalog, EventTime now) {
  const EventTime needed = RetentionOf(plan, view).KeepFrom(now);
  for (auto table = catalog.tables.rbegin(); table != catalog.tables.rend(); ++table) {
    if (table->complete_since > needed) continue;
    if (auto binding = BindTable(plan, view, *table)) return binding;
  }
  return std::nullopt;
}

Table MakeTable(const FeaturePlan& plan, const View& view) {
  Table table;
  table.event_id = view.event_id;
  table.source = plan.sources[view.source].name;
  table.kind = view.kind;
  table.resolution = view.resolution;
  table.has_created = static_cast<bool>(plan.sources[view.source].created);
  table.keys = view.keys;
  Extend(plan, view, &table);
  return table;
}

void Extend(const FeaturePlan& plan, const View& view, Table* table) {
  const ColumnIds ids = IdsOf(plan, view);
  for (const auto* columns : {&ids.inputs, &ids.filters, &ids.values}) {
    for (const StoredColumn& column : *columns) {
      if (!column.id.empty() && table->FindColumn(column.id) < 0) table->columns.push_back(column);
    }
  }
  for (const Feature& feature : view.features) {
    if (feature.kind != FeatureKind::kAggregate || table->FindSlot(feature.state_id) >= 0) continue;
    StateSlot slot{feature.state_id, -1, -1};
    if (feature.input >= 0) slot.column = table->FindColumn(ids.inputs[feature.input].id);
    if (feature.filter >= 0) slot.filter = table->FindColumn(ids.filters[feature.filter].id);
    table->slots.push_back(slot);
  }
}

void PlaceCells(const ViewBinding& binding, const features::ViewRows& rows,
                std::vector<columns::Column>* cells) {
  const auto place = [&](const std::vector<int>& columns,
                         const std::vector<columns::Column>& from) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] >= 0 && !from[i].type.is_null()) (*cells)[columns[i]] = from[i];
    }
  };
  place(binding.inputs, rows.inputs);
  place(binding.filters, rows.filters);
  if (binding.table->kind == ViewKind::kSnapshot) place(binding.values, rows.values);
}

void BindAggregates(const ViewBinding& binding, BoundTable* bound) {
  bound->table = binding.table;
  bound->layout = binding.table->layout();
  bound->aggregates.resize(binding.table->slots.size());
  for (size_t i = 0; i < binding.slots.size(); ++i) {
    if (binding.slots[i] < 0) continue;
    bound->aggregates[binding.slots[i]] = binding.view->features[i].aggregate;
  }
}

}  // namespace millrace::state
