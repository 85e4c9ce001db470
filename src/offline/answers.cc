// One use of a view at a time; the work inside is spread by the sweep.
#include "offline/answers.h"

#include "sweep/gather.h"
#include "sweep/snapshot_sweep.h"
#include "sweep/window_sweep.h"
#include "window/window.h"

namespace millrace::offline {

using columns::Column;
using columns::OwnedColumn;
using features::Feature;
using features::FeatureKind;
using features::View;

namespace {

OwnedColumn AsOfColumn(const Spine& spine) {
  columns::ColumnBuffer times(columns::Kind::kTimestamp);
  times.Resize(spine.rows);
  for (int64_t row = 0; row < spine.rows; ++row) {
    times.cells()[row] = spine.has_time[row] != 0 ? columns::kValid : columns::kNullCell;
    times.ints()[row] = spine.times[row].micros();
  }
  return Own(std::move(times));
}

OwnedColumn NullColumn(const columns::Type& type, int64_t rows) {
  columns::ColumnBuffer nulls(type);
  nulls.Reserve(rows);
  for (int64_t row = 0; row < rows; ++row) nulls.AppendNull();
  return Own(std::move(nulls));
}

// Null where no row answers.
OwnedColumn EventTimesOf(const sweep::SortedEvents& events, const std::vector<int64_t>& winners) {
  const auto rows = static_cast<int64_t>(winners.size());
  columns::ColumnBuffer times(columns::Kind::kTimestamp);
  times.Resize(rows);
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t winner = winners[row];
    times.cells()[row] = winner >= 0 ? columns::kValid : columns::kNullCell;
    times.ints()[row] = winner >= 0 ? events.times[winner].micros() : 0;
  }
  return Own(std::move(times));
}

}  // namespace

Answerer::Answerer(const Known& known) : known_(known), as_of_(AsOfColumn(known.spine)) {}

Answers Answerer::Answer(bool ignore_created) {
  const features::Selection& selection = known_.request.selection;
  Answers answers;
  for (size_t use = 0; use < selection.uses.size(); ++use) {
    answers.uses.push_back(AnswerUse(use, ignore_created));
  }
  for (size_t run = 0; run < selection.on_demand.size(); ++run) {
    answers.on_demand.push_back(AnswerOnDemand(run, answers));
  }
  for (size_t label = 0; label < known_.request.labels.size(); ++label) {
    answers.labels.push_back(AnswerLabel(label));
  }
  return answers;
}

const sweep::Questions& Answerer::QuestionsOf(const SpineKeys& keys) {
  const auto name = std::pair<std::vector<std::string>, const KeySpace*>(keys.columns, keys.space);
  const auto found = questions_.find(name);
  if (found != questions_.end()) return found->second;
  sweep::Questions questions = sweep::SortQuestions(keys.ids, known_.spine.times,
                                                    known_.spine.has_time, keys.space->ids.size());
  return questions_.emplace(name, std::move(questions)).first->second;
}

std::vector<RowState> Answerer::StatesOf(const SpineKeys& keys) const {
  std::vector<RowState> states(known_.spine.rows, RowState::kCounts);
  for (int64_t row = 0; row < known_.spine.rows; ++row) {
    if (known_.spine.has_time[row] == 0) states[row] = RowState::kNullTime;
    if (keys.ids[row] == sweep::KeyIds::kNone) states[row] = RowState::kNullKey;
  }
  return states;
}

std::vector<OwnedColumn> Answerer::Windowed(size_t use, bool ignore_created, ViewAnswers* answers) {
  const View& view = known_.request.plan->views[known_.request.selection.uses[use].view];
  const SpineKeys& keys = known_.spine.uses[use];
  sweep::WindowSweep sweep{&view, {}, std::nullopt, ignore_created};
  for (size_t i = 0; i < view.features.size(); ++i) {
    if (known_.needs.uses[use][i] && view.features[i].kind == FeatureKind::kAggregate) {
      sweep.features.push_back(static_cast<int>(i));
    }
  }
  sweep::WindowAnswers swept =
      sweep::SweepWindows(known_.views[known_.needs.view_of_use[use]], QuestionsOf(keys), sweep,
                          {known_.spine.rows, known_.run});
  for (int64_t row = 0; row < known_.spine.rows; ++row) {
    RowState& state = answers->states[row];
    if (state == RowState::kCounts && swept.counts[row] == 0) state = RowState::kNotFound;
  }
  std::vector<OwnedColumn> columns(view.features.size());
  for (size_t i = 0; i < sweep.features.size(); ++i) {
    columns[sweep.features[i]] = std::move(swept.cells[i]);
  }
  return columns;
}

std::vector<OwnedColumn> Answerer::Snapshot(size_t use, bool ignore_created,
                                            OwnedColumn* event_times, ViewAnswers* answers) {
  const View& view = known_.request.plan->views[known_.request.selection.uses[use].view];
  const sweep::SortedEvents& events = known_.views[known_.needs.view_of_use[use]];
  const std::vector<int64_t> winners =
      sweep::SweepSnapshot(events, QuestionsOf(known_.spine.uses[use]), {&view, ignore_created},
                           {known_.spine.rows, known_.run});
  for (int64_t row = 0; row < known_.spine.rows; ++row) {
    RowState& state = answers->states[row];
    if (state != RowState::kCounts || winners[row] >= 0) continue;
    state = winners[row] == sweep::kExpiredRow ? RowState::kExpired : RowState::kNotFound;
  }
  std::vector<OwnedColumn> columns(view.features.size());
  for (size_t i = 0; i < view.features.size(); ++i) {
    if (!known_.needs.uses[use][i] || view.features[i].kind != FeatureKind::kRow) continue;
    const Column& values = events.values[i];
    columns[i] = values.type.is_null() ? NullColumn(view.features[i].type, known_.spine.rows)
                                       : Own(sweep::GatherShared(values, winners));
  }
  if (ReadsEventTime(view, known_.needs.uses[use])) {
    *event_times = EventTimesOf(events, winners);
  }
  return columns;
}

ViewAnswers Answerer::AnswerUse(size_t use, bool ignore_created) {
  const int index = known_.request.selection.uses[use].view;
  const View& view = known_.request.plan->views[index];
  ViewAnswers answers;
  answers.states = StatesOf(known_.spine.uses[use]);
  OwnedColumn event_times;
  std::vector<OwnedColumn> columns = view.kind == features::ViewKind::kWindowed
                                         ? Windowed(use, ignore_created, &answers)
                                         : Snapshot(use, ignore_created, &event_times, &answers);
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].owner == nullptr) continue;
    const Feature& feature = view.features[i];
    columns[i] = features::SettleColumn(columns[i].view, view.name + ":" + feature.name,
                                        feature.default_value, &answers.errors);
  }
  features::ViewDeriver deriver(*known_.request.plan, index);
  answers.columns =
      deriver.Run(columns, as_of_.view, event_times.view, known_.needs.uses[use], &answers.errors);
  return answers;
}

ViewAnswers Answerer::AnswerOnDemand(size_t run, const Answers& answers) const {
  const features::Selection& selection = known_.request.selection;
  const int index = selection.on_demand[run];
  const features::OnDemandView& view = known_.request.plan->on_demand[index];
  std::vector<Column> scope(view.scope_columns.size());
  for (size_t input = 0; input < view.inputs.size(); ++input) {
    const auto& columns = answers.uses[selection.on_demand_uses[run][input]].columns;
    for (size_t i = 0; i < columns.size(); ++i) {
      scope[view.input_offsets[input] + i] = columns[i].view;
    }
  }
  for (size_t i = 0; i < view.request.size(); ++i) {
    for (size_t field = 0; field < selection.request_fields.size(); ++field) {
      if (selection.request_fields[field] == view.request[i]) {
        scope[view.request_offset + i] = known_.spine.request[field].view;
      }
    }
  }
  scope[view.as_of_column] = as_of_.view;
  ViewAnswers found;
  features::OnDemandDeriver deriver(*known_.request.plan, index);
  found.columns = deriver.Run(scope, known_.spine.rows, known_.needs.on_demand[run], &found.errors);
  return found;
}

ViewAnswers Answerer::AnswerLabel(size_t index) {
  const features::Label& label = known_.request.plan->labels[known_.request.labels[index]];
  const SpineKeys& keys = known_.spine.labels[index];
  ViewAnswers answers;
  answers.states = StatesOf(keys);
  const sweep::WindowSweep sweep{&label.view, {0}, label.length, false};
  sweep::WindowAnswers swept = sweep::SweepWindows(known_.labels[index], QuestionsOf(keys), sweep,
                                                   {known_.spine.rows, known_.run});
  const auto& newest = known_.newest[index];
  std::vector<int64_t> rows(known_.spine.rows);
  for (int64_t row = 0; row < known_.spine.rows; ++row) {
    RowState& state = answers.states[row];
    rows[row] = row;
    if (state != RowState::kCounts) continue;
    if (swept.counts[row] == 0) state = RowState::kNotFound;
    if (!newest.has_value() ||
        !window::LabelIsOver(known_.spine.times[row], label.length, *newest)) {
      state = RowState::kNotOver;
      rows[row] = -1;
    }
  }
  // Not over yet is null whatever the default, and no error of its counts.
  const Feature& feature = label.view.features[0];
  const columns::ColumnBuffer over = sweep::GatherShared(swept.cells[0].view, rows);
  const OwnedColumn settled = features::SettleColumn(over.View(), "label " + label.name,
                                                     feature.default_value, &answers.errors);
  columns::ColumnBuffer cells(settled.view.type);
  sweep::AppendRows(settled.view, rows, &cells);
  answers.columns.push_back(Own(std::move(cells)));
  return answers;
}

}  // namespace millrace::offline
