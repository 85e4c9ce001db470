// What a view keeps of its source's rows, and which of them a question sees.
#include <algorithm>

#include "reference/evaluate.h"
#include "reference/tables.h"

namespace millrace::reference {
namespace {

using base::Result;
using features::View;

std::vector<RowEvaluator> EvaluatorsOf(const std::vector<expr::Expression>& expressions,
                                       const View& view) {
  std::vector<RowEvaluator> evaluators;
  for (const expr::Expression& e : expressions) evaluators.emplace_back(e, view.row_columns);
  return evaluators;
}

std::vector<Cell> RunAll(std::vector<RowEvaluator>* evaluators, const std::vector<Cell>& scope) {
  std::vector<Cell> cells;
  for (RowEvaluator& evaluator : *evaluators) cells.push_back(evaluator.Run(scope));
  return cells;
}

// Of two rows of one key with one event time: does `a` win over `b`?
bool WinsTie(const View& view, const ViewRow& a, const ViewRow& b) {
  if (a.created != b.created) return a.created > b.created;
  std::vector<std::pair<std::string, size_t>> by_name;
  for (size_t i = 0; i < view.features.size(); ++i) {
    if (view.features[i].kind == features::FeatureKind::kRow) {
      by_name.emplace_back(view.features[i].name, i);
    }
  }
  std::sort(by_name.begin(), by_name.end());
  for (const auto& [name, i] : by_name) {
    const auto order = columns::Compare(a.values[i].value, b.values[i].value);
    if (order != 0) return order > 0;
  }
  return false;
}

}  // namespace

bool SameKey(const Key& a, const Key& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (columns::Compare(a[i], b[i]) != 0) return false;
  }
  return true;
}

const ViewRow* NewestRow(const View& view, const ViewTable& table, const Key& key, int64_t t,
                         bool ignore_created, bool* outdated) {
  const ViewRow* best = nullptr;
  *outdated = false;
  for (const ViewRow& row : table.rows) {
    if (!SameKey(row.key, key) || row.time > t) continue;
    if (!ignore_created && row.created && *row.created > t) continue;
    if (view.ttl &&
        static_cast<__int128>(row.time) < static_cast<__int128>(t) - view.ttl->micros()) {
      *outdated = true;
      continue;
    }
    if (best == nullptr || row.time > best->time ||
        (row.time == best->time && WinsTie(view, row, *best))) {
      best = &row;
    }
  }
  if (best != nullptr) *outdated = false;
  return best;
}

std::vector<const ViewRow*> RowsWithin(const ViewTable& table, const Key& key, __int128 begin,
                                       __int128 end, std::optional<int64_t> known_at) {
  std::vector<const ViewRow*> rows;
  for (const ViewRow& row : table.rows) {
    if (!SameKey(row.key, key) || row.time < begin || row.time >= end) continue;
    if (known_at && row.created && *row.created > *known_at) continue;
    rows.push_back(&row);
  }
  return rows;
}

// The looked-up view's features for one event, in the order of its columns in View::row_columns.
Result<std::vector<Cell>> Tables::Looked(const features::Lookup& lookup, const SourceRow& row,
                                         const View& view) {
  const View& catalog = plan_.views[static_cast<size_t>(lookup.view)];
  ARROW_ASSIGN_OR_RAISE(const ViewTable* table, OfView(catalog, "view " + catalog.name));
  Key key;
  bool null_key = false;
  for (const int column : lookup.key_columns) {
    const Cell& cell = row.cells[static_cast<size_t>(column)];
    if (cell.is_error()) return std::vector<Cell>{Cell::Error(cell.cell)};
    null_key = null_key || cell.value.is_null();
    key.push_back(cell.value);
  }
  const int64_t at = row.created ? std::min(row.time, *row.created) : row.time;
  bool outdated = false;
  const ViewRow* found = null_key ? nullptr : NewestRow(catalog, *table, key, at, false, &outdated);
  std::vector<Cell> cells;
  const std::string prefix = lookup.prefix + ".";
  for (auto i = static_cast<size_t>(lookup.first_column); i < view.row_columns.size(); ++i) {
    const std::string& name = view.row_columns[i].name;
    if (!name.starts_with(prefix)) break;
    const int feature = catalog.FindFeature(name.substr(prefix.size()));
    Cell cell;
    if (found != nullptr) cell = found->values[static_cast<size_t>(feature)];
    cells.push_back(cell.cell == columns::kValid ? Cell(Canonical(cell.value)) : Cell());
  }
  return cells;
}

Result<const ViewTable*> Tables::OfView(const View& view, const std::string& owner) {
  if (auto known = views_.find(&view); known != views_.end()) return &known->second;
  ARROW_ASSIGN_OR_RAISE(const SourceTable* source, OfSource(view.source));
  std::optional<RowEvaluator> where;
  if (view.where) where.emplace(view.where, view.row_columns);
  std::vector<RowEvaluator> inputs = EvaluatorsOf(view.inputs, view);
  std::vector<RowEvaluator> filters = EvaluatorsOf(view.filters, view);
  std::vector<expr::Expression> stored;
  for (const features::Feature& feature : view.features) {
    if (feature.kind == features::FeatureKind::kRow) stored.push_back(feature.expression);
  }
  std::vector<RowEvaluator> values = EvaluatorsOf(stored, view);
  ViewTable table;
  auto reject = [&](std::string_view reason) { ++table.rejected[{owner, std::string(reason)}]; };
  for (const SourceRow& row : source->rows) {
    std::vector<Cell> scope = row.cells;
    bool lookup_failed = false;
    for (const features::Lookup& lookup : view.lookups) {
      ARROW_ASSIGN_OR_RAISE(std::vector<Cell> looked, Looked(lookup, row, view));
      lookup_failed = lookup_failed || (looked.size() == 1 && looked[0].is_error());
      scope.insert(scope.end(), looked.begin(), looked.end());
    }
    if (lookup_failed) {
      reject("unreadable_lookup_key");
      continue;
    }
    if (where) {
      const Cell keep = where->Run(scope);
      if (keep.is_error()) reject(columns::ErrorName(keep.cell));
      if (keep.cell != columns::kValid || !keep.value.as_bool()) continue;
    }
    ViewRow kept{row.time, row.created, {}, {}, {}, {}};
    bool null_key = false;
    bool bad_key = false;
    for (const int column : view.key_columns) {
      const Cell& cell = row.cells[static_cast<size_t>(column)];
      // The first key column that is not there decides the reason.
      if (!null_key && cell.is_error()) bad_key = true;
      if (!bad_key && cell.value.is_null()) null_key = true;
      kept.key.push_back(cell.value);
    }
    if (null_key || bad_key) {
      reject(bad_key ? "unreadable_key" : "null_key");
      continue;
    }
    kept.inputs = RunAll(&inputs, scope);
    kept.filters = RunAll(&filters, scope);
    const std::vector<Cell> cells = RunAll(&values, scope);
    kept.values.resize(view.features.size());
    for (size_t i = 0, next = 0; i < view.features.size(); ++i) {
      if (view.features[i].kind == features::FeatureKind::kRow) kept.values[i] = cells[next++];
    }
    table.rows.push_back(std::move(kept));
  }
  return &(views_[&view] = std::move(table));
}

}  // namespace millrace::reference
