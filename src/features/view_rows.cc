// Evaluates a view's expressions over a batch and decides, row by row, what the view keeps.
#include "features/view_rows.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "expr/evaluator.h"

namespace millrace::features {

using columns::Column;
using columns::EventBatch;
using columns::RejectedRows;

namespace {

constexpr size_t kNamesShownMax = 3;

struct Compiled {
  explicit Compiled(expr::Expression e) : columns(e.columns()), evaluator(std::move(e)) {}
  std::vector<int> columns;
  expr::Evaluator evaluator;
};

std::optional<Compiled> CompileOrNone(const expr::Expression& expression) {
  if (!expression) return std::nullopt;
  return Compiled(expression);
}

// What rejects rows for some aggregates alone: one pair of filter and input, and who shares it.
struct Pair {
  int filter;
  int input;
  std::string where;
};

std::string OwnerName(const FeaturePlan& plan, const View& view) {
  for (const Label& label : plan.labels) {
    if (&label.view == &view) return "label " + label.name;
  }
  return "view " + view.name;
}

std::string PlaceText(const EventBatch& batch, int64_t row) {
  const std::string where = row < static_cast<int64_t>(batch.rows.size())
                                ? " row " + std::to_string(batch.rows[row])
                                : std::string();
  return batch.origin + where;
}

bool MayHaveErrors(const Column& column) {
  if (column.cells == nullptr) return false;
  for (int64_t row = 0; row < column.size; ++row) {
    if (column.cells[row] > columns::kValid) return true;
  }
  return false;
}

// Canonical keys of rows, each encoded once where the key column knows which of its strings are
// equal.
class KeyEncoder {
 public:
  KeyEncoder(std::span<const Column> keys, ViewRows* out) : keys_(keys), out_(out) {
    out_->keys.Reserve(coded() ? 0 : static_cast<size_t>(keys.empty() ? 1 : keys[0].size));
    if (coded()) of_code_.assign(static_cast<size_t>(keys[0].code_count), -1);
  }
  void Append(int64_t row) {
    int32_t* known = coded() ? &of_code_[static_cast<size_t>(keys_[0].codes[row])] : &global_;
    if (*known < 0 || !(coded() || keys_.empty())) {
      EncodeKey(keys_, row, &key_);
      *known = static_cast<int32_t>(out_->keys.size());
      out_->keys.Append(key_);
    }
    out_->key_of.push_back(*known);
  }

 private:
  bool coded() const { return keys_.size() == 1 && keys_[0].codes != nullptr; }

  std::span<const Column> keys_;
  ViewRows* out_;
  std::vector<int32_t> of_code_;  // index in ViewRows::keys; -1: not seen yet
  int32_t global_ = -1;
  std::string key_;
};

// Counts reasons as they come and formats an example only where one is still shown.
class Rejecter {
 public:
  Rejecter(const EventBatch& batch, RejectedRows* rejected) : batch_(batch), rejected_(rejected) {}
  void Add(const std::string& where, std::string_view code, int64_t row) {
    int64_t& seen = seen_[{where, std::string(code)}];
    const bool shown = seen++ < static_cast<int64_t>(RejectedRows::kExamplesMax);
    rejected_->Add(where, code, shown ? PlaceText(batch_, row) : std::string());
  }

 private:
  const EventBatch& batch_;
  RejectedRows* rejected_;
  std::map<std::pair<std::string, std::string>, int64_t> seen_;
};

}  // namespace

std::string RejectedFor(const View& view, const std::vector<int>& features) {
  std::string text = features.size() == 1 ? "feature " : "features ";
  for (size_t i = 0; i < features.size() && i < kNamesShownMax; ++i) {
    text += (i == 0 ? "" : ", ") + view.name + ":" + view.features[features[i]].name;
  }
  if (features.size() > kNamesShownMax) {
    text += " and " + std::to_string(features.size() - kNamesShownMax) + " more";
  }
  return text;
}

std::string_view VerdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kKept:
      return "kept";
    case Verdict::kFiltered:
      return "`where` is not true";
    case Verdict::kWhereError:
      return "`where` failed";
    case Verdict::kLookupError:
      return "the key of a lookup is unreadable";
    case Verdict::kNullKey:
      return "the key is null";
    case Verdict::kUnreadableKey:
      return "the key is unreadable";
  }
  return "";
}

struct ViewProjector::Program {
  const FeaturePlan* plan;
  const View* view;
  std::string owner;
  std::optional<Compiled> where;
  std::vector<std::optional<Compiled>> inputs;
  std::vector<std::optional<Compiled>> filters;
  std::vector<std::optional<Compiled>> values;
  std::vector<Pair> pairs;
  std::vector<Column> scope;

  void Compile(const std::vector<bool>& wanted);
  void Judge(const EventBatch& batch, std::span<const Column> where_cells, ViewRows* out);
  void RejectForAggregates(const EventBatch& batch, ViewRows* out) const;
  Verdict JudgeRow(const Column* where_cells, std::span<const Column> keys,
                   std::span<const Column> lookup_keys, int64_t row) const;
};

void ViewProjector::Program::Compile(const std::vector<bool>& wanted) {
  where = CompileOrNone(view->where);
  inputs.resize(view->inputs.size());
  filters.resize(view->filters.size());
  values.resize(view->features.size());
  std::map<std::pair<int, int>, std::vector<int>> users;
  for (size_t i = 0; i < view->features.size(); ++i) {
    const Feature& feature = view->features[i];
    if (feature.kind == FeatureKind::kRow) values[i] = CompileOrNone(feature.expression);
    if (feature.kind != FeatureKind::kAggregate || (!wanted.empty() && !wanted[i])) continue;
    users[{feature.filter, feature.input}].push_back(static_cast<int>(i));
  }
  for (const auto& [pair, features] : users) {
    const auto [filter, input] = pair;
    if (filter >= 0 && !filters[filter]) filters[filter] = CompileOrNone(view->filters[filter]);
    if (input >= 0 && !inputs[input]) inputs[input] = CompileOrNone(view->inputs[input]);
    if (filter >= 0 || input >= 0) pairs.push_back({filter, input, RejectedFor(*view, features)});
  }
}

Verdict ViewProjector::Program::JudgeRow(const Column* where_cells, std::span<const Column> keys,
                                         std::span<const Column> lookup_keys, int64_t row) const {
  for (const Column& key : lookup_keys) {
    if (key.cell(row) > columns::kValid) return Verdict::kLookupError;
  }
  if (where_cells != nullptr) {
    if (where_cells->cell(row) > columns::kValid) return Verdict::kWhereError;
    if (!where_cells->valid(row) || where_cells->bools == nullptr || !where_cells->bools[row]) {
      return Verdict::kFiltered;
    }
  }
  for (const Column& key : keys) {
    if (key.cell(row) > columns::kValid) return Verdict::kUnreadableKey;
    if (!key.valid(row)) return Verdict::kNullKey;
  }
  return Verdict::kKept;
}

void ViewProjector::Program::Judge(const EventBatch& batch, std::span<const Column> where_cells,
                                   ViewRows* out) {
  std::vector<Column> keys;
  for (const int column : view->key_columns) keys.push_back(scope[column]);
  std::vector<Column> lookup_keys;
  for (const Lookup& lookup : view->lookups) {
    for (const int column : lookup.key_columns) lookup_keys.push_back(scope[column]);
  }
  const Column* where_column = where_cells.empty() ? nullptr : where_cells.data();
  Rejecter rejecter(batch, &out->rejected);
  out->verdicts.resize(batch.size);
  out->rows.reserve(batch.size);
  out->key_of.reserve(batch.size);
  KeyEncoder encoder(keys, out);
  const bool all_kept =
      where_column == nullptr && lookup_keys.empty() &&
      std::all_of(keys.begin(), keys.end(), [](const Column& key) { return key.cells == nullptr; });
  if (all_kept) {
    out->rows.resize(batch.size);
    std::iota(out->rows.begin(), out->rows.end(), 0);
    for (int64_t row = 0; row < batch.size; ++row) encoder.Append(row);
    return;
  }
  for (int64_t row = 0; row < batch.size; ++row) {
    const Verdict verdict = JudgeRow(where_column, keys, lookup_keys, row);
    out->verdicts[row] = verdict;
    switch (verdict) {
      case Verdict::kKept:
        encoder.Append(row);
        out->rows.push_back(row);
        break;
      case Verdict::kFiltered:
        break;
      case Verdict::kWhereError:
        rejecter.Add(owner, columns::ErrorName(where_column->cell(row)), row);
        break;
      case Verdict::kLookupError:
        rejecter.Add(owner, "unreadable_lookup_key", row);
        break;
      case Verdict::kNullKey:
        rejecter.Add(owner, "null_key", row);
        break;
      case Verdict::kUnreadableKey:
        rejecter.Add(owner, "unreadable_key", row);
        break;
    }
  }
}

void ViewProjector::Program::RejectForAggregates(const EventBatch& batch, ViewRows* out) const {
  Rejecter rejecter(batch, &out->rejected);
  for (const Pair& pair : pairs) {
    const Column* filter = pair.filter >= 0 ? &out->filters[pair.filter] : nullptr;
    const Column* input = pair.input >= 0 ? &out->inputs[pair.input] : nullptr;
    const bool filter_errors = filter != nullptr && MayHaveErrors(*filter);
    const bool input_errors = input != nullptr && MayHaveErrors(*input);
    if (!filter_errors && !input_errors) continue;
    for (const int64_t row : out->rows) {
      if (filter != nullptr) {
        if (filter->cell(row) > columns::kValid) {
          rejecter.Add(pair.where, columns::ErrorName(filter->cell(row)), row);
          continue;
        }
        if (!filter->valid(row) || filter->bools == nullptr || !filter->bools[row]) continue;
      }
      if (input_errors && input->cell(row) > columns::kValid) {
        rejecter.Add(pair.where, columns::ErrorName(input->cell(row)), row);
      }
    }
  }
}

ViewProjector::ViewProjector(const FeaturePlan& plan, const View& view, std::vector<bool> wanted)
    : program_(std::make_unique<Program>()) {
  program_->plan = &plan;
  program_->view = &view;
  program_->owner = OwnerName(plan, view);
  program_->Compile(wanted);
}

ViewProjector::~ViewProjector() = default;
ViewProjector::ViewProjector(ViewProjector&&) noexcept = default;
ViewProjector& ViewProjector::operator=(ViewProjector&&) noexcept = default;

ViewRows ViewProjector::Run(const EventBatch& batch, std::span<const Column> lookups) {
  Program& program = *program_;
  program.scope.clear();
  for (const columns::OwnedColumn& column : batch.columns) program.scope.push_back(column.view);
  program.scope.insert(program.scope.end(), lookups.begin(), lookups.end());
  program.scope.resize(program.view->row_columns.size());

  const auto run_all = [&](std::vector<std::optional<Compiled>>& compiled) {
    std::vector<Column> results;
    for (auto& one : compiled) {
      results.push_back(one ? one->evaluator.Run(program.scope, batch.size) : Column{});
    }
    return results;
  };
  ViewRows out;
  std::vector<Column> where_cells;
  if (program.where) where_cells = {program.where->evaluator.Run(program.scope, batch.size)};
  program.Judge(batch, where_cells, &out);
  out.inputs = run_all(program.inputs);
  out.filters = run_all(program.filters);
  out.values = run_all(program.values);
  program.RejectForAggregates(batch, &out);
  return out;
}

std::vector<int> ViewProjector::SourceColumns() const {
  const View& view = *program_->view;
  std::set<int> columns(view.key_columns.begin(), view.key_columns.end());
  const int source_columns = static_cast<int>(program_->plan->sources[view.source].columns.size());
  for (const Lookup& lookup : view.lookups) {
    columns.insert(lookup.key_columns.begin(), lookup.key_columns.end());
  }
  const auto add = [&](const std::optional<Compiled>& compiled) {
    if (!compiled) return;
    for (const int column : compiled->columns) {
      if (column < source_columns) columns.insert(column);
    }
  };
  add(program_->where);
  for (const auto& one : program_->inputs) add(one);
  for (const auto& one : program_->filters) add(one);
  for (const auto& one : program_->values) add(one);
  return {columns.begin(), columns.end()};
}

}  // namespace millrace::features
