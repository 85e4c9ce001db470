// Loops over cells that are null; the usual column has few.
#include "offline/accounting.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "columns/value.h"

namespace millrace::offline {

namespace {

std::string ReasonText(RowState state, bool error) {
  switch (state) {
    case RowState::kNullKey:
      return "null_key";
    case RowState::kNullTime:
      return "null_time";
    case RowState::kNotOver:
      return "not_over_yet";
    default:
      break;
  }
  if (error) return "error";
  if (state == RowState::kNotFound) return "not_found";
  return state == RowState::kExpired ? "outside_max_age" : "null_value";
}

bool IsNullRow(RowState state) {
  return state == RowState::kNullKey || state == RowState::kNullTime;
}

// Derived features are null for their inputs' sake: not_found and outside_max_age are said of
// stored ones.
RowState StateOf(const AnswerColumn& column, int64_t row) {
  if (column.from->states.empty()) return RowState::kCounts;
  const RowState state = column.from->states[row];
  return column.stored || IsNullRow(state) ? state : RowState::kCounts;
}

double AsDouble(const columns::Column& column, int64_t row) {
  switch (column.type.physical()) {
    case columns::Physical::kInt:
      return static_cast<double>(column.ints[row]);
    case columns::Physical::kUInt:
      return static_cast<double>(column.uints[row]);
    default:
      return column.floats[row];
  }
}

// How far two cells of a numeric column are apart; nothing where that is no finite number.
std::optional<double> Difference(const columns::Column& a, const columns::Column& b, int64_t row) {
  if (!a.type.is_numeric() || !a.valid(row) || !b.valid(row)) return std::nullopt;
  const double difference = std::abs(AsDouble(a, row) - AsDouble(b, row));
  return std::isfinite(difference) ? std::optional(difference) : std::nullopt;
}

}  // namespace

std::vector<AnswerColumn> AnswerColumns(const TrainingSetRequest& request, const Answers& answers) {
  const features::FeaturePlan& plan = *request.plan;
  const features::Selection& selection = request.selection;
  std::vector<AnswerColumn> columns;
  for (const features::SelectedColumn& selected : selection.columns) {
    const ViewAnswers& from =
        selected.on_demand ? answers.on_demand[selected.use] : answers.uses[selected.use];
    std::string feature;
    bool stored = false;
    int use = selected.use;
    if (selected.on_demand) {
      const std::vector<int>& inputs = selection.on_demand_uses[selected.use];
      use = inputs.empty() ? -1 : inputs[0];
      const features::OnDemandView& view = plan.on_demand[selection.on_demand[selected.use]];
      feature = view.name + ":" + view.features[selected.feature].name;
    } else {
      const features::View& view = plan.views[selection.uses[selected.use].view];
      feature = view.name + ":" + view.features[selected.feature].name;
      stored = view.features[selected.feature].kind != features::FeatureKind::kDerived;
    }
    columns.push_back(
        {selected.name, feature, from.columns[selected.feature].view, &from, stored, use});
  }
  for (size_t i = 0; i < answers.labels.size(); ++i) {
    const std::string& name = plan.labels[request.labels[i]].name;
    const ViewAnswers& from = answers.labels[i];
    columns.push_back({name, "label " + name, from.columns[0].view, &from, true});
  }
  return columns;
}

namespace {

void TallyNulls(const AnswerColumn& column, ChunkTally* tally) {
  if (column.cells.cells == nullptr) return;
  std::set<int64_t> errors;
  for (const features::ErrorCell& error : column.from->errors) {
    if (error.feature == column.feature) errors.insert(error.rows.begin(), error.rows.end());
  }
  std::map<std::string, int64_t> counts;
  for (int64_t row = 0; row < column.cells.size; ++row) {
    if (column.cells.valid(row)) continue;
    const bool error = !errors.empty() && errors.contains(row);
    ++counts[ReasonText(StateOf(column, row), error)];
  }
  for (const auto& [reason, count] : counts) tally->nulls.push_back({column.name, reason, count});
}

// The entry of `entries` that `same` holds for, a new one at the end when there is none.
template <typename Entry, typename Same>
Entry* FindOrAdd(std::vector<Entry>* entries, const Entry& added, Same same) {
  const auto found = std::find_if(entries->begin(), entries->end(), same);
  if (found != entries->end()) return &*found;
  entries->push_back(added);
  entries->back().count = 0;
  return &entries->back();
}

}  // namespace

ChunkTally TallyChunk(const Known& known, const RowRange& range, const Answers& answers) {
  ChunkTally tally;
  for (const AnswerColumn& column : AnswerColumns(known.request, answers)) {
    TallyNulls(column, &tally);
  }
  const auto add = [&](const ViewAnswers& from, const SpineKeys* keys) {
    for (const features::ErrorCell& error : from.errors) {
      const int64_t row = range.first + error.rows.front();
      const std::string first_key =
          keys != nullptr ? known.spine.RowText(*keys, row) : "row " + std::to_string(row + 1);
      tally.errors.push_back(
          {error.feature, error.code, static_cast<int64_t>(error.rows.size()), first_key});
    }
  };
  for (size_t i = 0; i < answers.uses.size(); ++i) {
    add(answers.uses[i], known.spine.uses[i].get());
  }
  for (size_t i = 0; i < answers.on_demand.size(); ++i) {
    const std::vector<int>& uses = known.request.selection.on_demand_uses[i];
    add(answers.on_demand[i], uses.empty() ? nullptr : known.spine.uses[uses[0]].get());
  }
  for (size_t i = 0; i < answers.labels.size(); ++i) {
    add(answers.labels[i], known.spine.labels[i].get());
  }
  return tally;
}

void TallyChanged(const Known& known, const RowRange& range, const ChangedAnswers& answers,
                  ChunkTally* tally) {
  const std::vector<AnswerColumn>& columns = answers.columns;
  if (columns.empty()) return;
  std::vector<uint8_t> changed(columns[0].cells.size);
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].feature.starts_with("label ")) continue;
    const columns::Column& respecting = answers.respecting[i].cells;
    ChangedCells cells{columns[i].name, 0, std::nullopt, ""};
    int64_t farthest = 0;
    for (int64_t row = 0; row < columns[i].cells.size; ++row) {
      if (SameBits(columns[i].cells.value(row), respecting.value(row))) continue;
      ++cells.count;
      changed[row] = 1;
      const auto difference = Difference(columns[i].cells, respecting, row);
      if (!difference.has_value() || difference <= cells.largest) continue;
      cells.largest = difference;
      farthest = range.first + row;
    }
    if (cells.count == 0) continue;
    if (cells.largest.has_value()) {
      const int use = columns[i].use;
      cells.largest_row = use < 0 ? "row " + std::to_string(farthest + 1)
                                  : known.spine.RowText(*known.spine.uses[use], farthest);
    }
    tally->changed.push_back(std::move(cells));
  }
  for (const uint8_t row : changed) tally->rows_changed += row;
}

void AddTally(const ChunkTally& tally, Report* report) {
  const auto add_nulls = [](const NullCells& cells, std::vector<NullCells>* to) {
    FindOrAdd(to, cells, [&](const NullCells& known) {
      return known.column == cells.column && known.reason == cells.reason;
    })->count += cells.count;
  };
  for (const NullCells& cells : tally.nulls) {
    add_nulls(cells, &report->null_cells);
    if (cells.reason == "not_over_yet") add_nulls(cells, &report->labels_not_over);
  }
  for (const ErrorCells& cells : tally.errors) {
    FindOrAdd(&report->error_cells, cells, [&](const ErrorCells& known) {
      return known.feature == cells.feature && known.code == cells.code;
    })->count += cells.count;
  }
  for (const ChangedCells& cells : tally.changed) {
    ChangedCells* known = FindOrAdd(&report->changed, cells, [&](const ChangedCells& other) {
      return other.column == cells.column;
    });
    known->count += cells.count;
    if (cells.largest <= known->largest) continue;
    known->largest = cells.largest;
    known->largest_row = cells.largest_row;
  }
  report->rows_changed += tally.rows_changed;
}

void CountNullSpineCells(const Spine& spine, Report* report) {
  for (int64_t row = 0; row < spine.rows; ++row) {
    bool null_key = false;
    for (const auto& keys : spine.uses) null_key |= keys->ids[row] == sweep::KeyIds::kNone;
    for (const auto& keys : spine.labels) null_key |= keys->ids[row] == sweep::KeyIds::kNone;
    report->rows_null_key += null_key ? 1 : 0;
    report->rows_null_time += spine.has_time[row] == 0 ? 1 : 0;
  }
}

}  // namespace millrace::offline
