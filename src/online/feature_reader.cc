// One read of the store gives what describes it and the heads of all keys; what else is needed of a
// key is read as its view asks for it.
#include "online/feature_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "features/derive.h"
#include "features/entity_key.h"
#include "features/on_demand_scope.h"
#include "online/snapshot_read.h"
#include "online/window_read.h"
#include "state/retention.h"
#include "state/store_keys.h"

namespace millrace::online {

using base::EventTime;
using base::Result;
using base::Status;
using columns::Column;
using columns::OwnedColumn;
using features::Feature;
using features::View;
using features::ViewKind;

namespace {

constexpr EventTime kEpoch = EventTime::Micros(0);

Status OutOfRange(const View& view, EventTime as_of, EventTime now) {
  const std::string history =
      view.history.has_value() ? base::FormatDuration(*view.history) : std::string("all");
  return base::Error(
      {base::codes::kAsOfOutOfRange,
       "view '" + view.name + "' cannot be asked at " + base::FormatTime(as_of) +
           ": its history is " + history + ", and now is " + base::FormatTime(now),
       {},
       as_of > now ? "" : "`history:` of the view says how far back it can be asked"});
}

CellStatus StatusOf(RowStatus row, bool stored) {
  if (row == RowStatus::kNullKey || row == RowStatus::kNullTime) return CellStatus::kNotFound;
  if (!stored || row == RowStatus::kFound) return CellStatus::kNullValue;
  return row == RowStatus::kNotFound ? CellStatus::kNotFound : CellStatus::kOutsideMaxAge;
}

}  // namespace

// A view that is read under some keys.
struct FeatureReader::UseReader {
  state::ViewBinding binding;
  state::Table table;
  std::optional<ViewCells> cells;
  std::optional<SnapshotRead> snapshot;
  std::optional<WindowRead> window;
  std::optional<features::ViewDeriver> deriver;  // of a view with derived features
  std::vector<std::string> names;                // by View::features: "view:feature"
};

FeatureReader::FeatureReader(const features::FeaturePlan& plan, features::Selection selection,
                             std::string project, const base::Clock& clock)
    : plan_(plan),
      selection_(std::move(selection)),
      needs_(features::FindNeeds(plan, selection_)),
      project_(std::move(project)),
      clock_(clock) {
  for (const int view : selection_.on_demand) on_demand_.emplace_back(plan, view);
}

FeatureReader::~FeatureReader() = default;

Status FeatureReader::Bind(const state::Description& description, EventTime now) {
  is_bound_ = false;
  uses_.clear();
  std::string missing;
  for (size_t use = 0; use < selection_.uses.size(); ++use) {
    const View& view = plan_.views[selection_.uses[use].view];
    const auto binding = state::BindReady(plan_, view, description.catalog, now);
    if (!binding.has_value()) {
      missing += (missing.empty() ? "'" : ", '") + view.name + "'";
      continue;
    }
    auto reader = std::make_unique<UseReader>();
    reader->binding = *binding;
    reader->table = *binding->table;
    reader->binding.table = &reader->table;
    reader->cells.emplace(view, needs_.uses[use]);
    if (view.kind == ViewKind::kSnapshot) {
      reader->snapshot.emplace(reader->binding);
    } else {
      reader->window.emplace(reader->binding, reader->cells->features);
    }
    if (!view.derived_order.empty()) reader->deriver.emplace(plan_, selection_.uses[use].view);
    for (const Feature& feature : view.features) {
      reader->names.push_back(view.name + ":" + feature.name);
    }
    uses_.push_back(std::move(reader));
  }
  if (!missing.empty()) {
    return base::Error({base::codes::kNotReady,
                        "the online store does not have all of " + missing + " yet",
                        {},
                        "`millrace materialize` fills it"});
  }
  bound_ = description;
  is_bound_ = true;
  return Status::OK();
}

// One call of Read.
class FeatureReader::Run {
 public:
  Run(FeatureReader* reader, const Asked& asked)
      : reader_(*reader), plan_(reader->plan_), selection_(reader->selection_), asked_(asked) {
    answer_.rows = asked.rows;
  }

  Result<Answer> Of(const kv::Store& store) {
    ARROW_ASSIGN_OR_RAISE(snapshot_, store.Read());
    ARROW_RETURN_NOT_OK(FindKeys());
    ARROW_RETURN_NOT_OK(LoadHeads());
    ARROW_RETURN_NOT_OK(CheckTimes());
    for (size_t use = 0; use < selection_.uses.size(); ++use) ARROW_RETURN_NOT_OK(ReadUse(use));
    DeriveOnDemand();
    answer_.columns.reserve(selection_.columns.size());
    for (const features::SelectedColumn& selected : selection_.columns) AddColumn(selected);
    CountNulls();
    return std::move(answer_);
  }

 private:
  struct OfView {
    std::vector<OwnedColumn> columns;            // by features; settled
    std::vector<std::vector<EventTime>> newest;  // by features; empty: none
    std::vector<RowStatus> statuses;
  };

  Result<Column> FindColumn(const std::string& name, const columns::Type& type) const {
    const auto found = asked_.columns.find(name);
    if (found == asked_.columns.end()) {
      return base::Error(base::codes::kMissingColumn,
                         "'" + name + "' is missing: a " + type.ToString() + " is needed");
    }
    return found->second.view;
  }

  // Canonical keys by use and row; nothing where one is null.
  Status FindKeys() {
    for (const features::ViewUse& use : selection_.uses) {
      std::vector<Column> columns;
      for (size_t i = 0; i < use.key_columns.size(); ++i) {
        ARROW_ASSIGN_OR_RAISE(const Column column,
                              FindColumn(use.key_columns[i], plan_.views[use.view].keys[i].type));
        columns.push_back(column);
      }
      auto& keys = keys_.emplace_back(asked_.rows);
      std::string key;
      for (int64_t row = 0; row < asked_.rows; ++row) {
        if (features::EncodeKey(columns, row, &key)) keys[row] = key;
      }
    }
    for (const columns::Field& field : selection_.request_fields) {
      ARROW_ASSIGN_OR_RAISE(const Column column, FindColumn(field.name, field.type));
      request_.push_back(column);
    }
    return Status::OK();
  }

  // The description and the heads of one moment. A new catalogue may mean other tables.
  Status LoadHeads() {
    while (true) {
      std::vector<std::string> keys(state::Description::Keys().begin(),
                                    state::Description::Keys().end());
      for (size_t use = 0; reader_.is_bound_ && use < keys_.size(); ++use) {
        for (const auto& key : keys_[use]) {
          if (key.has_value()) {
            keys.push_back(state::KeyRows(reader_.uses_[use]->table.number, *key).Head());
          }
        }
      }
      const std::vector<std::string_view> views(keys.begin(), keys.end());
      ARROW_ASSIGN_OR_RAISE(found_, snapshot_->GetMany(views));
      const auto described =
          std::span(std::as_const(found_.values)).first<state::Description::kKeys>();
      const bool same = reader_.is_bound_ && described[2].has_value() &&
                        *described[2] == reader_.bound_.catalog_bytes;
      if (same) {
        ARROW_ASSIGN_OR_RAISE(commit_, state::CommitRecord::Decode(*described[1]));
        answer_.commit = commit_.number;
        answer_.commit_time = commit_.wall_time;
        now_ = std::max(reader_.clock_.Now(), commit_.wall_time);
        return Status::OK();
      }
      ARROW_ASSIGN_OR_RAISE(const state::Description description,
                            state::Description::Decode(described, reader_.project_));
      ARROW_RETURN_NOT_OK(reader_.Bind(description, description.Now(reader_.clock_.Now())));
    }
  }

  // The times asked about, each within the history of all views that are read.
  Status CheckTimes() {
    columns::ColumnBuffer times(columns::Kind::kTimestamp);
    times.Reserve(asked_.rows);
    for (int64_t row = 0; row < asked_.rows; ++row) {
      if (asked_.as_of.type.is_null()) {
        times.AppendInt(now_.micros());
      } else if (asked_.as_of.valid(row)) {
        times.AppendInt(asked_.as_of.ints[row]);
      } else {
        times.AppendNull();
      }
    }
    as_of_ = columns::Own(std::move(times));
    for (const features::ViewUse& use : selection_.uses) {
      const View& view = plan_.views[use.view];
      const EventTime oldest = view.history.has_value() ? now_ - *view.history : EventTime::Min();
      for (int64_t row = 0; row < asked_.rows; ++row) {
        if (!as_of_.view.valid(row)) continue;
        const EventTime as_of = EventTime::Micros(as_of_.view.ints[row]);
        if (as_of < oldest || as_of > now_) return OutOfRange(view, as_of, now_);
      }
    }
    return Status::OK();
  }

  Status ReadRow(UseReader* reader, const std::optional<std::string>& key, int64_t row,
                 ViewCells* cells) {
    const std::optional<std::string_view> head =
        key.has_value() ? found_.values[next_head_++] : std::nullopt;
    if (!as_of_.view.valid(row) || !key.has_value()) {
      cells->AppendNulls(key.has_value() ? RowStatus::kNullTime : RowStatus::kNullKey);
      return Status::OK();
    }
    const EventTime as_of = EventTime::Micros(as_of_.view.ints[row]);
    std::optional<state::StoredKey> stored;
    if (head.has_value()) {
      ARROW_ASSIGN_OR_RAISE(state::StoredKey opened,
                            state::StoredKey::Open(*snapshot_, reader->table, *key, *head));
      if (opened.Is(*key)) stored.emplace(std::move(opened));
    }
    const state::StoredKey* known = stored.has_value() ? &*stored : nullptr;
    return reader->snapshot.has_value() ? reader->snapshot->Read(known, as_of, cells)
                                        : reader->window->Read(known, as_of, cells);
  }

  Status ReadUse(size_t use) {
    UseReader* reader = reader_.uses_[use].get();
    const View& view = *reader->binding.view;
    ViewCells& cells = *reader->cells;
    cells.Begin(asked_.rows);
    for (int64_t row = 0; row < asked_.rows; ++row) {
      ARROW_RETURN_NOT_OK(ReadRow(reader, keys_[use][row], row, &cells));
    }
    OfView& of = uses_.emplace_back();
    of.newest.resize(view.features.size());
    for (size_t i = 0; i < cells.features.size(); ++i) {
      const int index = cells.features[i];
      features::SettleCells(reader->names[index], view.features[index].default_value,
                            &cells.cells[i], &answer_.errors);
      of.newest[index] = std::move(cells.newest[i]);
    }
    const auto settled =
        std::make_shared<const std::vector<columns::ColumnBuffer>>(std::move(cells.cells));
    std::vector<OwnedColumn> stored(view.features.size());
    for (size_t i = 0; i < settled->size(); ++i) {
      stored[cells.features[i]] = {(*settled)[i].View(), settled};
    }
    OwnedColumn event_time;
    if (features::ReadsEventTime(view, reader_.needs_.uses[use])) event_time = cells.RowTimes();
    of.statuses = std::move(cells.statuses);
    if (!reader->deriver.has_value()) {
      of.columns = std::move(stored);
      return Status::OK();
    }
    of.columns = reader->deriver->Run(stored, as_of_.view, event_time.view,
                                      reader_.needs_.uses[use], &answer_.errors);
    DeriveTimes(view, reader_.needs_.uses[use], &of);
    return Status::OK();
  }

  static void TakeNewest(const std::vector<EventTime>& from, std::vector<EventTime>* into) {
    if (into->empty()) into->assign(from.size(), ViewCells::kNoTime);
    for (size_t row = 0; row < from.size(); ++row) (*into)[row] = std::max((*into)[row], from[row]);
  }

  static void DeriveTimes(const View& view, const std::vector<bool>& needed, OfView* of) {
    for (const int index : view.derived_order) {
      if (!needed[index]) continue;
      for (const int read : view.features[index].expression.columns()) {
        if (read < static_cast<int>(view.features.size())) {
          TakeNewest(of->newest[read], &of->newest[index]);
        }
      }
    }
  }

  void DeriveOnDemand() {
    for (size_t run = 0; run < selection_.on_demand.size(); ++run) {
      const features::OnDemandView& view = plan_.on_demand[selection_.on_demand[run]];
      const std::vector<Column> scope = features::OnDemandScope(
          view, run,
          {selection_, [&](int use) { return std::span(uses_[use].columns); }, request_,
           as_of_.view});
      OfView& of = on_demand_.emplace_back();
      of.columns = reader_.on_demand_[run].Run(scope, asked_.rows, reader_.needs_.on_demand[run],
                                               &answer_.errors);
      of.newest.resize(view.features.size());
      for (const int index : view.order) {
        if (!reader_.needs_.on_demand[run][index]) continue;
        for (const int read : view.features[index].expression.columns()) {
          TakeNewest(TimesOfScope(view, run, of, read), &of.newest[index]);
        }
      }
    }
  }

  const std::vector<EventTime>& TimesOfScope(const features::OnDemandView& view, size_t run,
                                             const OfView& of, int column) const {
    static const std::vector<EventTime> kNone;
    if (column >= view.as_of_column) return kNone;
    if (column >= view.own_offset) return of.newest[column - view.own_offset];
    if (column >= view.request_offset) return kNone;
    size_t input = view.inputs.size() - 1;
    while (view.input_offsets[input] > column) --input;
    const OfView& from = uses_[selection_.on_demand_uses[run][input]];
    return from.newest[column - view.input_offsets[input]];
  }

  // On demand, the first thing that any of its inputs lacks.
  std::vector<RowStatus> RowsOf(const features::SelectedColumn& selected) const {
    if (!selected.on_demand) return uses_[selected.use].statuses;
    std::vector<RowStatus> rows(asked_.rows, RowStatus::kFound);
    for (const int use : selection_.on_demand_uses[selected.use]) {
      for (int64_t row = 0; row < asked_.rows; ++row) {
        const RowStatus status = uses_[use].statuses[row];
        if (status == RowStatus::kNullKey || status == RowStatus::kNullTime) rows[row] = status;
      }
    }
    return rows;
  }

  void AddColumn(const features::SelectedColumn& selected) {
    const OfView& of = selected.on_demand ? on_demand_[selected.use] : uses_[selected.use];
    AnswerColumn& column = answer_.columns.emplace_back();
    column.name = selected.name;
    column.values = of.columns[selected.feature];
    if (selected.on_demand) {
      const features::OnDemandView& view = plan_.on_demand[selection_.on_demand[selected.use]];
      column.feature = view.name + ":" + view.features[selected.feature].name;
    } else {
      const View& view = plan_.views[selection_.uses[selected.use].view];
      column.feature = reader_.uses_[selected.use]->names[selected.feature];
      column.stored = view.features[selected.feature].kind != features::FeatureKind::kDerived;
    }
    column.rows = RowsOf(selected);
    const std::vector<EventTime>& newest = of.newest[selected.feature];
    column.statuses.reserve(static_cast<size_t>(asked_.rows));
    column.event_times.reserve(static_cast<size_t>(asked_.rows));
    for (int64_t row = 0; row < asked_.rows; ++row) {
      column.statuses.push_back(column.values.view.valid(row)
                                    ? CellStatus::kPresent
                                    : StatusOf(column.rows[row], column.stored));
      const bool known = !newest.empty() && newest[row] != ViewCells::kNoTime;
      column.event_times.push_back(known ? newest[row] : kEpoch);
    }
  }

  void CountNulls() {
    for (int64_t row = 0; row < asked_.rows; ++row) {
      const bool null_key = std::any_of(keys_.begin(), keys_.end(),
                                        [&](const auto& keys) { return !keys[row].has_value(); });
      if (null_key) ++answer_.rows_null_key;
      if (!as_of_.view.valid(row)) ++answer_.rows_null_time;
    }
  }

  FeatureReader& reader_;
  const features::FeaturePlan& plan_;
  const features::Selection& selection_;
  const Asked& asked_;
  std::unique_ptr<kv::Snapshot> snapshot_;
  std::vector<std::vector<std::optional<std::string>>> keys_;  // by use, by row
  std::vector<Column> request_;                                // by Selection::request_fields
  kv::Found found_;
  size_t next_head_ = state::Description::kKeys;
  state::CommitRecord commit_;
  EventTime now_;
  OwnedColumn as_of_;
  std::vector<OfView> uses_;
  std::vector<OfView> on_demand_;
  Answer answer_;
};

Result<Answer> FeatureReader::Read(const kv::Store& store, const Asked& asked) {
  return Run(this, asked).Of(store);
}

}  // namespace millrace::online
