// One use of a view at a time, one feature at a time, one row at a time.
#include "jobs/training/recomputation.h"

#include <arrow/array.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "columns/arrow_column.h"
#include "features/derive.h"
#include "jobs/explain/plain_value.h"
#include "sweep/gather.h"

namespace millrace::jobs {

using base::EventTime;
using base::Result;
using base::Status;
using columns::Column;
using columns::OwnedColumn;
using features::Feature;
using features::FeatureKind;
using features::View;

namespace {

OwnedColumn RowsOf(const Column& column, const std::vector<int64_t>& rows) {
  columns::ColumnBuffer cells(column.type);
  sweep::AppendRows(column, rows, &cells);
  return Own(std::move(cells));
}

template <typename Gap>
void Raise(std::optional<Gap>* largest, Gap gap) {
  if (!largest->has_value() || gap > **largest) *largest = gap;
}

}  // namespace

Recomputation::Recomputation(const offline::TrainingSetRequest& request, const AskedRows& asked,
                             std::vector<int64_t> rows)
    : request_(request),
      plan_(*request.plan),
      asked_(asked),
      rows_(std::move(rows)),
      needs_(features::FindNeeds(plan_, request.selection)) {
  for (const features::Needs::OfView& of : needs_.views) {
    views_.push_back(
        std::make_unique<ChosenEvents>(plan_.views[of.view], ChosenEvents::Rows::kKept));
  }
  for (const int label : request_.labels) {
    labels_.push_back(
        std::make_unique<ChosenEvents>(plan_.labels[label].view, ChosenEvents::Rows::kKept));
  }
  columns::ColumnBuffer times(columns::Kind::kTimestamp);
  for (const int64_t row : rows_) {
    const auto at = asked_.time(row);
    if (at.has_value()) {
      times.AppendInt(at->micros());
    } else {
      times.AppendNull();
    }
  }
  as_of_ = Own(std::move(times));
  for (const OwnedColumn& field : asked_.request_fields()) {
    request_cells_.push_back(RowsOf(field.view, rows_));
  }
  for (const features::ViewUse& use : request_.selection.uses) {
    gaps_.push_back({plan_.views[use.view].name, std::nullopt, std::nullopt});
  }
}

void Recomputation::ChooseKeys() {
  std::string key;
  for (const int64_t row : rows_) {
    for (size_t use = 0; use < needs_.view_of_use.size(); ++use) {
      if (asked_.UseKey(use, row, &key)) views_[needs_.view_of_use[use]]->Choose(key);
    }
    for (size_t label = 0; label < labels_.size(); ++label) {
      if (asked_.LabelKey(label, row, &key)) labels_[label]->Choose(key);
    }
  }
}

Status Recomputation::ReadEvents(const offline::SourceOpener& open) {
  ChooseKeys();
  scan_ = std::make_unique<offline::SourceScan>(plan_, open);
  const auto add = [&](ChosenEvents* events, std::vector<bool> wanted) {
    scan_->Add({&events->view(), std::move(wanted),
                [events](const offline::ViewBatch& batch) { return events->Add(batch); },
                std::nullopt, std::nullopt});
  };
  for (size_t i = 0; i < views_.size(); ++i) add(views_[i].get(), needs_.views[i].features);
  for (const auto& label : labels_) add(label.get(), {});
  ARROW_RETURN_NOT_OK(scan_->Open({}));
  ARROW_RETURN_NOT_OK(scan_->Run());
  for (const auto& events : views_) events->Finish();
  for (const auto& events : labels_) events->Finish();
  return Status::OK();
}

int64_t Recomputation::events() const {
  int64_t events = 0;
  for (const auto& view : views_) events += view->size();
  for (const auto& label : labels_) events += label->size();
  return events;
}

std::vector<Recomputation::Asked> Recomputation::AskedOf(size_t use) const {
  std::vector<Asked> asked;
  std::string key;
  for (const int64_t row : rows_) {
    const auto at = asked_.time(row);
    const bool answers = at.has_value() && asked_.UseKey(use, row, &key);
    asked.push_back(
        {answers ? &views_[needs_.view_of_use[use]]->Of(key) : nullptr, at.value_or(EventTime())});
  }
  return asked;
}

void Recomputation::NoteGap(size_t use, const Asked& asked, std::span<const int64_t> used) {
  offline::UsedGap& gap = gaps_[use];
  for (const int64_t row : used) {
    Raise(&gap.event, asked.events->times()[row] - asked.at);
    if (request_.ignore_created || !asked.events->created(row).has_value()) continue;
    Raise(&gap.created, *asked.events->created(row) - asked.at);
  }
}

OwnedColumn Recomputation::Aggregated(size_t use, int index, const std::vector<Asked>& asked) {
  const View& view = plan_.views[request_.selection.uses[use].view];
  const Feature& feature = view.features[index];
  columns::ColumnBuffer cells(feature.aggregate->result_type());
  for (const Asked& row : asked) {
    if (row.events == nullptr) {
      cells.AppendNull();
      continue;
    }
    const window::Span span = window::SpanAt(row.at, feature.window, view.resolution);
    const std::vector<int64_t> counting =
        CountingRows(feature, *row.events, {span, row.at, request_.ignore_created});
    AppendAggregate(feature, *row.events, {counting, row.at}, &cells);
    NoteGap(use, row, counting);
  }
  return Own(std::move(cells));
}

std::vector<OwnedColumn> Recomputation::UseColumns(size_t use) {
  const int index = request_.selection.uses[use].view;
  const View& view = plan_.views[index];
  const std::vector<Asked> asked = AskedOf(use);
  std::vector<int64_t> newest;
  columns::ColumnBuffer event_times(columns::Kind::kTimestamp);
  for (const Asked& row : asked) {
    if (view.kind != features::ViewKind::kSnapshot) break;
    newest.push_back(row.events == nullptr
                         ? KeyEvents::kNoRow
                         : row.events->NewestRow(row.at, request_.ignore_created));
    if (newest.back() >= 0) {
      AppendRowTime(*row.events, newest.back(), &event_times);
      NoteGap(use, row, {&newest.back(), 1});
    } else {
      event_times.AppendNull();
    }
  }
  std::vector<OwnedColumn> stored(view.features.size());
  for (size_t i = 0; i < view.features.size(); ++i) {
    const Feature& feature = view.features[i];
    if (!needs_.uses[use][i] || feature.kind == FeatureKind::kDerived) continue;
    OwnedColumn cells;
    if (feature.kind == FeatureKind::kAggregate) {
      cells = Aggregated(use, static_cast<int>(i), asked);
    } else {
      columns::ColumnBuffer values(feature.type);
      for (size_t row = 0; row < asked.size(); ++row) {
        if (newest[row] >= 0) {
          AppendRowCell(*asked[row].events, static_cast<int>(i), newest[row], &values);
        } else {
          values.AppendNull();
        }
      }
      cells = Own(std::move(values));
    }
    stored[i] = features::SettleColumn(cells.view, view.name + ":" + feature.name,
                                       feature.default_value, nullptr);
  }
  std::vector<features::ErrorCell> errors;
  const OwnedColumn times =
      view.kind == features::ViewKind::kSnapshot ? Own(std::move(event_times)) : OwnedColumn();
  return features::ViewDeriver(plan_, index)
      .Run(stored, as_of_.view, times.view, needs_.uses[use], &errors);
}

std::vector<OwnedColumn> Recomputation::OnDemandColumns(size_t run) const {
  const features::Selection& selection = request_.selection;
  const int index = selection.on_demand[run];
  const features::OnDemandView& view = plan_.on_demand[index];
  std::vector<Column> scope(view.scope_columns.size());
  for (size_t input = 0; input < view.inputs.size(); ++input) {
    const std::vector<OwnedColumn>& cells = by_use_[selection.on_demand_uses[run][input]];
    for (size_t i = 0; i < cells.size(); ++i) scope[view.input_offsets[input] + i] = cells[i].view;
  }
  for (size_t i = 0; i < view.request.size(); ++i) {
    const auto& fields = selection.request_fields;
    const auto found = std::find(fields.begin(), fields.end(), view.request[i]);
    if (found == fields.end()) continue;
    scope[view.request_offset + i] = request_cells_[found - fields.begin()].view;
  }
  scope[view.as_of_column] = as_of_.view;
  std::vector<features::ErrorCell> errors;
  return features::OnDemandDeriver(plan_, index)
      .Run(scope, static_cast<int64_t>(rows_.size()), needs_.on_demand[run], &errors);
}

bool Recomputation::LabelIsOver(size_t label, EventTime at) const {
  const features::Label& of = plan_.labels[request_.labels[label]];
  for (const offline::SourceStats& stats : scan_->sources()) {
    if (stats.source != of.view.source) continue;
    return stats.newest.has_value() && window::LabelIsOver(at, of.length, *stats.newest);
  }
  return false;
}

OwnedColumn Recomputation::LabelColumn(size_t label) const {
  const features::Label& of = plan_.labels[request_.labels[label]];
  const Feature& feature = of.view.features[0];
  columns::ColumnBuffer cells(feature.aggregate->result_type());
  std::vector<int64_t> over;  // -1: null whatever the default
  std::string key;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const auto at = asked_.time(rows_[i]);
    over.push_back(static_cast<int64_t>(i));
    if (!at.has_value() || !asked_.LabelKey(label, rows_[i], &key)) {
      cells.AppendNull();
      continue;
    }
    if (!LabelIsOver(label, *at)) over.back() = -1;
    const KeyEvents& events = labels_[label]->Of(key);
    const std::vector<int64_t> counting =
        CountingRows(feature, events, {window::LabelSpanAt(*at, of.length), *at, true});
    AppendAggregate(feature, events, {counting, *at}, &cells);
  }
  const OwnedColumn settled =
      features::SettleColumn(cells.View(), "label " + of.name, feature.default_value, nullptr);
  return RowsOf(settled.view, over);
}

Result<std::vector<OwnedColumn>> Recomputation::Columns() {
  for (size_t use = 0; use < request_.selection.uses.size(); ++use) {
    by_use_.push_back(UseColumns(use));
  }
  std::vector<std::vector<OwnedColumn>> on_demand;
  for (size_t run = 0; run < request_.selection.on_demand.size(); ++run) {
    on_demand.push_back(OnDemandColumns(run));
  }
  std::vector<OwnedColumn> columns;
  for (const features::SelectedColumn& column : request_.selection.columns) {
    columns.push_back((column.on_demand ? on_demand : by_use_)[column.use][column.feature]);
  }
  for (size_t label = 0; label < labels_.size(); ++label) columns.push_back(LabelColumn(label));
  for (OwnedColumn& column : columns) {
    const columns::Type type = column.view.type;
    ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(column.view));
    ARROW_ASSIGN_OR_RAISE(column, columns::FromArrow(std::move(array), type));
  }
  return columns;
}

bool Recomputation::Lists(int64_t row, EventTime t) const {
  std::string key;
  for (size_t use = 0; use < needs_.view_of_use.size(); ++use) {
    const View& view = plan_.views[request_.selection.uses[use].view];
    if (!asked_.UseKey(use, row, &key)) return false;
    const KeyEvents& events = views_[needs_.view_of_use[use]]->Of(key);
    if (view.kind == features::ViewKind::kSnapshot) {
      if (events.NewestRow(t, request_.ignore_created) >= 0) return true;
      continue;
    }
    const window::Span span = window::SpanAt(t, view.LongestWindow(), view.resolution);
    if (AnyCounts(events, {span, t, request_.ignore_created})) return true;
  }
  return false;
}

}  // namespace millrace::jobs
