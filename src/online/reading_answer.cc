// The answer of a reading: cells settled, derived and on-demand features computed, and the columns
// that were asked for with what there is to say of each cell.
#include <algorithm>
#include <utility>

#include "features/on_demand_scope.h"
#include "online/reading_run.h"

namespace millrace::online {

using base::EventTime;
using columns::Column;
using columns::OwnedColumn;
using features::OnDemandView;
using features::View;

namespace {

constexpr EventTime kEpoch = EventTime::Micros(0);

CellStatus StatusOf(RowStatus row, bool stored) {
  if (row == RowStatus::kNullKey || row == RowStatus::kNullTime) return CellStatus::kNotFound;
  if (!stored || row == RowStatus::kFound) return CellStatus::kNullValue;
  return row == RowStatus::kNotFound ? CellStatus::kNotFound : CellStatus::kOutsideMaxAge;
}

bool IsAllValid(const Column& column) {
  return column.cells == nullptr ||
         std::all_of(column.cells, column.cells + column.size,
                     [](uint8_t cell) { return cell == columns::kValid; });
}

void SayEpochForNone(std::vector<EventTime>* times) {
  std::replace(times->begin(), times->end(), ViewCells::kNoTime, kEpoch);
}

}  // namespace

void FeatureReader::Run::SettleUse(size_t use) {
  UseReader* const reader = reader_.uses_[use].get();
  const View& view = *reader->binding.view;
  ViewCells& cells = memory_->cells[use];
  ReadingMemory::OfView& of = memory_->uses[use];
  of.columns.resize(view.features.size());
  of.newest.assign(view.features.size(), {});
  of.statuses = cells.statuses;
  for (size_t i = 0; i < cells.features.size(); ++i) {
    const int index = cells.features[i];
    features::SettleCells(reader->names[index], view.features[index].default_value, &cells.cells[i],
                          &answer_.errors);
    of.columns[index].view = cells.cells[i].View();
    of.newest[index] = cells.times[cells.times_of[i]];
  }
  if (!reader->deriver.has_value()) return;
  const std::vector<bool>& needed = reader_.needs_.uses[use];
  OwnedColumn event_time;
  if (reader->reads_event_time) event_time = cells.RowTimes();
  of.columns = reader->deriver->Run(of.columns, as_of_, event_time.view, needed, &answer_.errors);
  for (const int index : view.derived_order) {
    if (!needed[index]) continue;
    for (const int read : view.features[index].expression.columns()) {
      if (read < static_cast<int>(view.features.size())) {
        TakeNewest(of.newest[read], &of.newest[index]);
      }
    }
  }
}

void FeatureReader::Run::TakeNewest(std::span<const EventTime> more,
                                    std::span<const EventTime>* newest) {
  if (more.empty() || more.data() == newest->data()) return;
  if (newest->empty()) {
    *newest = more;
    return;
  }
  const std::span<EventTime> both = memory_->NewTimes(asked_.rows);
  for (size_t row = 0; row < both.size(); ++row) both[row] = std::max((*newest)[row], more[row]);
  *newest = both;
}

void FeatureReader::Run::DeriveOnDemand(size_t run) {
  const OnDemandView& view = plan_.on_demand[selection_.on_demand[run]];
  const std::vector<Column> scope = features::OnDemandScope(
      view, run,
      {selection_, [&](int use) { return std::span(std::as_const(memory_->uses[use].columns)); },
       memory_->request, as_of_});
  ReadingMemory::OfView& of = memory_->on_demand[run];
  const std::vector<bool>& needed = reader_.needs_.on_demand[run];
  of.columns = reader_.on_demand_[run].Run(scope, asked_.rows, needed, &answer_.errors);
  of.newest.assign(view.features.size(), {});
  for (const int index : view.order) {
    if (!needed[index]) continue;
    for (const int read : view.features[index].expression.columns()) {
      TakeNewest(TimesOfScope(run, read), &of.newest[index]);
    }
  }
  of.own_statuses.assign(static_cast<size_t>(asked_.rows), RowStatus::kFound);
  for (const int use : selection_.on_demand_uses[run]) {
    for (size_t row = 0; row < of.own_statuses.size(); ++row) {
      const RowStatus status = memory_->uses[use].statuses[row];
      const bool lacks = status == RowStatus::kNullKey || status == RowStatus::kNullTime;
      if (lacks) of.own_statuses[row] = status;
    }
  }
  of.statuses = of.own_statuses;
}

// Of a column of an on-demand view's scope; empty where it has none.
std::span<const EventTime> FeatureReader::Run::TimesOfScope(size_t run, int column) const {
  const OnDemandView& view = plan_.on_demand[selection_.on_demand[run]];
  if (column >= view.as_of_column) return {};
  if (column >= view.own_offset) {
    return memory_->on_demand[run].newest[column - view.own_offset];
  }
  if (column >= view.request_offset) return {};
  size_t input = view.inputs.size() - 1;
  while (view.input_offsets[input] > column) --input;
  const auto& from = memory_->uses[selection_.on_demand_uses[run][input]];
  return from.newest[column - view.input_offsets[input]];
}

void FeatureReader::Run::AddColumns() {
  const auto rows = static_cast<size_t>(asked_.rows);
  memory_->names = reader_.names_;
  // Begins with a row for each that all columns without a null share.
  memory_->statuses.reserve((selection_.columns.size() + 1) * rows);
  memory_->statuses.assign(rows, CellStatus::kPresent);
  std::span<const EventTime> no_times;
  answer_.columns.resize(selection_.columns.size());
  for (size_t i = 0; i < selection_.columns.size(); ++i) {
    const features::SelectedColumn& selected = selection_.columns[i];
    const AnswerName& name = (*reader_.names_)[i];
    const ReadingMemory::OfView& of =
        selected.on_demand ? memory_->on_demand[selected.use] : memory_->uses[selected.use];
    AnswerColumn& column = answer_.columns[i];
    column.name = name.name;
    column.feature = name.feature;
    column.stored = name.stored;
    column.values = of.columns[selected.feature].view;
    column.rows = of.statuses;
    column.event_times = of.newest[selected.feature];
    if (column.event_times.empty()) {
      if (no_times.empty()) no_times = memory_->NewTimes(asked_.rows);
      column.event_times = no_times;
    }
    AddStatuses(&column);
  }
  for (ViewCells& cells : memory_->cells) {
    for (auto& times : cells.times) SayEpochForNone(&times);
  }
  for (size_t i = 0; i < memory_->times_used; ++i) SayEpochForNone(&memory_->times[i]);
}

void FeatureReader::Run::AddStatuses(AnswerColumn* column) {
  std::vector<CellStatus>& statuses = memory_->statuses;
  const auto rows = static_cast<size_t>(asked_.rows);
  size_t begin = 0;
  if (!IsAllValid(column->values)) {
    begin = statuses.size();
    for (size_t row = 0; row < rows; ++row) {
      statuses.push_back(column->values.valid(static_cast<int64_t>(row))
                             ? CellStatus::kPresent
                             : StatusOf(column->rows[row], column->stored));
    }
  }
  column->statuses = std::span(statuses).subspan(begin, rows);
}

void FeatureReader::Run::CountNulls() {
  const std::vector<uint32_t>& heads = memory_->heads;
  const auto rows = static_cast<size_t>(asked_.rows);
  for (size_t row = 0; row < rows; ++row) {
    bool null_key = false;
    for (size_t i = row; i < heads.size(); i += rows) null_key |= heads[i] == kNullKey;
    if (null_key) ++answer_.rows_null_key;
    if (!as_of_.valid(static_cast<int64_t>(row))) ++answer_.rows_null_time;
  }
}

}  // namespace millrace::online
