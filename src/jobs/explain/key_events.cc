// Rows are few (some keys'), so they are appended cell by cell.
#include "jobs/explain/key_events.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "features/entity_key.h"
#include "sweep/gather.h"
#include "window/window.h"

namespace millrace::jobs {

using base::EventTime;
using columns::Column;
using features::Verdict;

namespace {

template <typename T>
std::vector<T> InOrder(std::vector<T>* from, const std::vector<int64_t>& order) {
  std::vector<T> to;
  to.reserve(from->size());
  for (size_t i = 0; i < from->size(); ++i) to.push_back(std::move((*from)[order[i]]));
  return to;
}

}  // namespace

void KeyEvents::Columns::Append(const std::vector<Column>& batch, int64_t row) {
  buffers.resize(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].type.is_null()) continue;
    if (!buffers[i].has_value()) buffers[i].emplace(batch[i].type);
    buffers[i]->AppendFrom(batch[i], row);
  }
}

void KeyEvents::Columns::Sort(const std::vector<int64_t>& order) {
  for (const auto& buffer : buffers) {
    sorted.push_back(buffer.has_value() ? sweep::GatherShared(buffer->View(), order)
                                        : columns::ColumnBuffer(columns::Kind::kNull));
  }
  for (const columns::ColumnBuffer& buffer : sorted) views.push_back(buffer.View());
}

void KeyEvents::Add(const offline::ViewBatch& batch, int64_t row) {
  places_.push_back(batch.batch.origin + " row " + std::to_string(batch.batch.rows[row]));
  times_.push_back(batch.batch.event_times[row]);
  if (!batch.batch.created.empty()) created_.push_back(batch.batch.created[row]);
  verdicts_.push_back(batch.rows.verdicts[row]);
  inputs_.Append(batch.rows.inputs, row);
  filters_.Append(batch.rows.filters, row);
  values_.Append(batch.rows.values, row);
}

void KeyEvents::Finish() {
  std::vector<int64_t> order(times_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    if (times_[a] != times_[b]) return times_[a] < times_[b];
    if (!created_.empty() && created_[a] != created_[b]) return created_[a] < created_[b];
    return a < b;
  });
  places_ = InOrder(&places_, order);
  times_ = InOrder(&times_, order);
  if (!created_.empty()) created_ = InOrder(&created_, order);
  verdicts_ = InOrder(&verdicts_, order);
  // No row of the key: columns are asked for all the same.
  inputs_.buffers.resize(view_.inputs.size());
  filters_.buffers.resize(view_.filters.size());
  values_.buffers.resize(view_.features.size());
  inputs_.Sort(order);
  filters_.Sort(order);
  values_.Sort(order);
}

std::optional<EventTime> KeyEvents::created(int64_t row) const {
  if (created_.empty()) return std::nullopt;
  return created_[row];
}

bool KeyEvents::Newer(int64_t a, int64_t b, const std::vector<int>& ties) const {
  if (times_[a] != times_[b]) return times_[a] > times_[b];
  if (!created_.empty() && created_[a] != created_[b]) return created_[a] > created_[b];
  for (const int feature : ties) {
    const auto order = CompareCells(values_.views[feature], a, values_.views[feature], b);
    if (order != 0) return order > 0;
  }
  return false;
}

int64_t KeyEvents::NewestRow(EventTime t, bool ignore_created) const {
  // Ties: the larger tuple of the stored features, in byte order of their names.
  std::vector<int> ties;
  for (size_t i = 0; i < view_.features.size(); ++i) {
    if (view_.features[i].kind == features::FeatureKind::kRow) ties.push_back(static_cast<int>(i));
  }
  std::sort(ties.begin(), ties.end(),
            [&](int a, int b) { return view_.features[a].name < view_.features[b].name; });
  int64_t newest = kNoRow;
  for (int64_t row = 0; row < size(); ++row) {
    if (!kept(row) || times_[row] > t) continue;
    if (!ignore_created && !created_.empty() && created_[row] > t) continue;
    if (newest == kNoRow || Newer(row, newest, ties)) newest = row;
  }
  if (newest == kNoRow) return kNoRow;
  return window::WithinTtl(times_[newest], t, view_.ttl) ? newest : kExpiredRow;
}

void ChosenEvents::Choose(const std::string& key) {
  if (ids_.Find(key) != sweep::KeyIds::kNone) return;
  ids_.Insert(key);
  events_.push_back(std::make_unique<KeyEvents>(view_));
}

base::Status ChosenEvents::Add(const offline::ViewBatch& batch) {
  const auto add = [&](int32_t id, int64_t row) {
    if (id != sweep::KeyIds::kNone) events_[id]->Add(batch, row);
  };
  if (rows_ == Rows::kKept) {
    std::vector<int32_t> ids;
    for (size_t i = 0; i < batch.rows.keys.size(); ++i)
      ids.push_back(ids_.Find(batch.rows.keys[i]));
    for (size_t i = 0; i < batch.rows.rows.size(); ++i) {
      add(ids[batch.rows.key_of[i]], batch.rows.rows[i]);
    }
    return base::Status::OK();
  }
  std::vector<Column> key_columns;
  for (const int column : view_.key_columns) key_columns.push_back(batch.row_columns[column]);
  std::string key;
  for (int64_t row = 0; row < batch.batch.size; ++row) {
    if (features::EncodeKey(key_columns, row, &key)) add(ids_.Find(key), row);
  }
  return base::Status::OK();
}

void ChosenEvents::Finish() {
  for (const auto& events : events_) events->Finish();
}

int64_t ChosenEvents::size() const {
  int64_t rows = 0;
  for (const auto& events : events_) rows += events->size();
  return rows;
}

}  // namespace millrace::jobs
