// A reading asks for the heads of its keys with everybody else; then what else is needed of a key
// is read as its view asks for it. What is made of it is in reading_answer.cc.
#include "online/reading_run.h"

#include <algorithm>
#include <utility>

#include "features/entity_key.h"

namespace millrace::online {

using base::EventTime;
using base::Result;
using base::Status;
using columns::Column;
using features::View;

namespace {

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

}  // namespace

ViewCells FeatureReader::UseReader::NewCells() const {
  std::vector<int> times_of =
      window.has_value() ? window->times_of() : std::vector<int>(features.size());
  return {*binding.view, features, std::move(times_of)};
}

FeatureReader::Run::Run(FeatureReader* reader, const Asked& asked)
    : reader_(*reader),
      plan_(reader->plan_),
      selection_(reader->selection_),
      asked_(asked),
      memory_(reader->memories_->Take()) {
  answer_.rows = asked.rows;
}

Result<const Column*> FeatureReader::Run::FindColumn(const std::string& name,
                                                     const columns::Type& type) const {
  const auto found = asked_.columns.find(name);
  if (found == asked_.columns.end()) {
    return base::Error(base::codes::kMissingColumn,
                       "'" + name + "' is missing: a " + type.ToString() + " is needed");
  }
  return &found->second.view;
}

Status FeatureReader::Run::FindColumns() {
  for (const features::ViewUse& use : selection_.uses) {
    for (size_t i = 0; i < use.key_columns.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const Column* const column,
                            FindColumn(use.key_columns[i], plan_.views[use.view].keys[i].type));
      memory_->keys.push_back(*column);
    }
  }
  for (const columns::Field& field : selection_.request_fields) {
    ARROW_ASSIGN_OR_RAISE(const Column* const column, FindColumn(field.name, field.type));
    memory_->request.push_back(*column);
  }
  return Status::OK();
}

void FeatureReader::Run::AskHeads(HeadList* heads) {
  memory_->tables.clear();
  memory_->heads.clear();
  if (!reader_.is_bound_) return;
  std::span<const Column> left(memory_->keys);
  std::string key;
  for (size_t use = 0; use < selection_.uses.size(); ++use) {
    const uint32_t table = reader_.uses_[use]->table.number;
    const auto columns = left.first(selection_.uses[use].key_columns.size());
    left = left.subspan(columns.size());
    memory_->tables.push_back(table);
    for (int64_t row = 0; row < asked_.rows; ++row) {
      const bool asks = features::EncodeKey(columns, row, &key);
      memory_->heads.push_back(asks ? heads->Add(table, key) : kNullKey);
    }
  }
}

bool FeatureReader::Run::HasHeads() const {
  const std::vector<uint32_t>& tables = memory_->tables;
  return std::equal(tables.begin(), tables.end(), reader_.uses_.begin(), reader_.uses_.end(),
                    [](uint32_t number, const auto& use) { return number == use->table.number; });
}

Result<Answer> FeatureReader::Run::Finish(const Moment& moment) {
  moment_ = &moment;
  answer_.commit = moment.commit.number;
  answer_.commit_time = moment.commit.wall_time;
  now_ = std::max(reader_.clock_.Now(), moment.commit.wall_time);
  answer_.now = now_;
  ARROW_RETURN_NOT_OK(CheckTimes());
  memory_->uses.resize(selection_.uses.size());
  for (size_t use = 0; use < selection_.uses.size(); ++use) {
    if (use == memory_->cells.size()) memory_->cells.push_back(reader_.uses_[use]->NewCells());
    ARROW_RETURN_NOT_OK(ReadUse(use));
    SettleUse(use);
  }
  memory_->on_demand.resize(selection_.on_demand.size());
  for (size_t run = 0; run < selection_.on_demand.size(); ++run) DeriveOnDemand(run);
  AddColumns();
  CountNulls();
  answer_.owners.push_back(std::move(memory_));
  return std::move(answer_);
}

// The times asked about, each within the history of all views that are read.
Status FeatureReader::Run::CheckTimes() {
  columns::ColumnBuffer& times = memory_->as_of;
  times.Clear();
  const bool own = !asked_.as_of.type.is_null();
  for (int64_t row = 0; row < asked_.rows; ++row) {
    if (own && !asked_.as_of.valid(row)) {
      times.AppendNull();
    } else {
      times.AppendInt(own ? asked_.as_of.ints[row] : now_.micros());
    }
  }
  as_of_ = times.View();
  if (!own) return Status::OK();
  for (const features::ViewUse& use : selection_.uses) {
    const View& view = plan_.views[use.view];
    const EventTime oldest = view.history.has_value() ? now_ - *view.history : EventTime::Min();
    for (int64_t row = 0; row < asked_.rows; ++row) {
      if (!as_of_.valid(row)) continue;
      const EventTime as_of = EventTime::Micros(as_of_.ints[row]);
      if (as_of < oldest || as_of > now_) return OutOfRange(view, as_of, now_);
    }
  }
  return Status::OK();
}

Status FeatureReader::Run::ReadUse(size_t use) {
  UseReader* const reader = reader_.uses_[use].get();
  ViewCells* const cells = &memory_->cells[use];
  cells->Begin(asked_.rows);
  const uint32_t* const heads = memory_->heads.data() + use * static_cast<size_t>(asked_.rows);
  for (int64_t row = 0; row < asked_.rows; ++row) {
    if (heads[row] == kNullKey) {
      cells->AppendNulls(RowStatus::kNullKey);
    } else if (!as_of_.valid(row)) {
      cells->AppendNulls(RowStatus::kNullTime);
    } else {
      const EventTime as_of = EventTime::Micros(as_of_.ints[row]);
      ARROW_RETURN_NOT_OK(ReadKey(reader, heads[row], as_of, cells));
    }
  }
  return Status::OK();
}

Status FeatureReader::Run::ReadKey(UseReader* reader, uint32_t head, EventTime as_of,
                                   ViewCells* out) {
  const auto bytes = moment_->heads.head(head);
  if (!bytes.has_value()) return reader->Read(nullptr, as_of, out);
  const std::string_view key = moment_->heads.entity_key(head);
  ARROW_ASSIGN_OR_RAISE(const state::StoredKey stored,
                        state::StoredKey::Open(moment_->snapshot, reader->table, key, *bytes));
  return reader->Read(stored.Is(key) ? &stored : nullptr, as_of, out);
}

}  // namespace millrace::online
