// One use of a view at a time.
#include "offline/answers.h"

#include "features/on_demand_scope.h"
#include "sweep/gather.h"
#include "window/window.h"

namespace millrace::offline {

using base::Result;
using columns::Column;
using columns::OwnedColumn;
using features::Feature;
using features::View;
using sweep::Found;

namespace {

OwnedColumn AsOfColumn(const Spine& spine, const RowRange& range) {
  columns::ColumnBuffer times(columns::Kind::kTimestamp);
  times.Resize(range.size());
  for (int64_t i = 0; i < range.size(); ++i) {
    const int64_t row = range.first + i;
    times.cells()[i] = spine.has_time[row] != 0 ? columns::kValid : columns::kNullCell;
    times.ints()[i] = spine.times[row].micros();
  }
  return Own(std::move(times));
}

RowState StateOf(Found found) {
  switch (found) {
    case Found::kFound:
      return RowState::kCounts;
    case Found::kExpired:
      return RowState::kExpired;
    case Found::kNothing:
      break;
  }
  return RowState::kNotFound;
}

}  // namespace

Answerer::Answerer(const Known& known, const RowRange& range)
    : known_(known), range_(range), as_of_(AsOfColumn(known.spine, range)) {}

Result<Answers> Answerer::Answer(const SweptAnswers& swept) const {
  const features::Selection& selection = known_.request.selection;
  Answers answers;
  for (size_t use = 0; use < selection.uses.size(); ++use) {
    ARROW_ASSIGN_OR_RAISE(ViewAnswers found, AnswerUse(use, *swept.uses[use]));
    answers.uses.push_back(std::move(found));
  }
  for (size_t run = 0; run < selection.on_demand.size(); ++run) {
    answers.on_demand.push_back(AnswerOnDemand(run, answers));
  }
  for (size_t label = 0; label < swept.labels.size(); ++label) {
    ARROW_ASSIGN_OR_RAISE(ViewAnswers found, AnswerLabel(label, *swept.labels[label]));
    answers.labels.push_back(std::move(found));
  }
  return answers;
}

std::vector<RowState> Answerer::StatesOf(const SpineKeys& keys,
                                         const std::vector<Found>& found) const {
  std::vector<RowState> states(range_.size());
  for (int64_t i = 0; i < range_.size(); ++i) {
    const int64_t row = range_.first + i;
    states[i] = StateOf(found[i]);
    if (known_.spine.has_time[row] == 0) states[i] = RowState::kNullTime;
    if (keys.ids[row] == sweep::KeyIds::kNone) states[i] = RowState::kNullKey;
  }
  return states;
}

Result<ViewAnswers> Answerer::AnswerUse(size_t use, const UseAnswers& swept) const {
  const int index = known_.request.selection.uses[use].view;
  const View& view = known_.request.plan->views[index];
  ARROW_ASSIGN_OR_RAISE(const UseAnswers::Chunk chunk, swept.Take(range_.first, range_.last));
  ViewAnswers answers;
  answers.states = StatesOf(*known_.spine.uses[use], chunk.found);
  std::vector<OwnedColumn> columns(view.features.size());
  for (size_t i = 0; i < chunk.cells.size(); ++i) {
    const int stored = swept.sweep().features[i];
    const Feature& feature = view.features[stored];
    columns[stored] = features::SettleColumn(chunk.cells[i].view, view.name + ":" + feature.name,
                                             feature.default_value, &answers.errors);
  }
  features::ViewDeriver deriver(*known_.request.plan, index);
  answers.columns = deriver.Run(columns, as_of_.view, chunk.event_times.view,
                                known_.needs.uses[use], &answers.errors);
  return answers;
}

ViewAnswers Answerer::AnswerOnDemand(size_t run, const Answers& answers) const {
  const features::Selection& selection = known_.request.selection;
  const int index = selection.on_demand[run];
  const features::OnDemandView& view = known_.request.plan->on_demand[index];
  std::vector<Column> request;
  for (const OwnedColumn& field : known_.spine.request) {
    request.push_back(field.view.Slice(range_.first, range_.size()));
  }
  const std::vector<Column> scope = features::OnDemandScope(
      view, run,
      {selection, [&](int use) { return std::span(answers.uses[use].columns); }, request,
       as_of_.view});
  ViewAnswers found;
  features::OnDemandDeriver deriver(*known_.request.plan, index);
  found.columns = deriver.Run(scope, range_.size(), known_.needs.on_demand[run], &found.errors);
  return found;
}

Result<ViewAnswers> Answerer::AnswerLabel(size_t index, const UseAnswers& swept) const {
  const features::Label& label = known_.request.plan->labels[known_.request.labels[index]];
  ARROW_ASSIGN_OR_RAISE(const UseAnswers::Chunk chunk, swept.Take(range_.first, range_.last));
  ViewAnswers answers;
  answers.states = StatesOf(*known_.spine.labels[index], chunk.found);
  const auto& newest = known_.newest[index];
  std::vector<int64_t> rows(range_.size());
  for (int64_t i = 0; i < range_.size(); ++i) {
    RowState& state = answers.states[i];
    rows[i] = i;
    if (state == RowState::kNullKey || state == RowState::kNullTime) continue;
    if (!newest.has_value() ||
        !window::LabelIsOver(known_.spine.times[range_.first + i], label.length, *newest)) {
      state = RowState::kNotOver;
      rows[i] = -1;
    }
  }
  // Not over yet is null whatever the default, and no error of its counts.
  const Feature& feature = label.view.features[0];
  const columns::ColumnBuffer over = sweep::GatherShared(chunk.cells[0].view, rows);
  const OwnedColumn settled = features::SettleColumn(over.View(), "label " + label.name,
                                                     feature.default_value, &answers.errors);
  columns::ColumnBuffer cells(settled.view.type);
  sweep::AppendRows(settled.view, rows, &cells);
  answers.columns.push_back(Own(std::move(cells)));
  return answers;
}

}  // namespace millrace::offline
