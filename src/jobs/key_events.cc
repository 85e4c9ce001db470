// Rows are few (one key's), so they are appended cell by cell.
#include "jobs/key_events.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "features/entity_key.h"
#include "sweep/gather.h"
#include "sweep/snapshot_sweep.h"

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

KeyEvents::KeyEvents(const features::View& view, std::string key)
    : view_(view), key_(std::move(key)), kept_(view) {
  ids_.Insert(key_);
}

void KeyEvents::Add(const offline::ViewBatch& batch) {
  std::vector<Column> key_columns;
  for (const int column : view_.key_columns) key_columns.push_back(batch.row_columns[column]);
  std::string key;
  for (int64_t row = 0; row < batch.batch.size; ++row) {
    if (!features::EncodeKey(key_columns, row, &key) || key != key_) continue;
    places_.push_back(batch.batch.origin + " row " + std::to_string(batch.batch.rows[row]));
    times_.push_back(batch.batch.event_times[row]);
    if (!batch.batch.created.empty()) created_.push_back(batch.batch.created[row]);
    verdicts_.push_back(batch.rows.verdicts[row]);
    inputs_.Append(batch.rows.inputs, row);
    filters_.Append(batch.rows.filters, row);
    values_.Append(batch.rows.values, row);
  }
  kept_.Append(batch.batch, batch.rows, &ids_, false);
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
  sorted_ = std::move(kept_).Sort(ids_.size(), sweep::RunInOrder);
}

std::optional<EventTime> KeyEvents::created(int64_t row) const {
  if (created_.empty()) return std::nullopt;
  return created_[row];
}

int64_t KeyEvents::NewestRow(EventTime t) const {
  const std::vector<EventTime> times = {t};
  const int64_t newest = sweep::NewestRows(sorted_, 0, {&view_, false}, times)[0];
  if (newest < 0) return newest;
  // Kept rows keep their order among all rows.
  int64_t kept = -1;
  for (int64_t row = 0; row < size(); ++row) {
    if (verdicts_[row] == Verdict::kKept && ++kept == newest) return row;
  }
  return sweep::kNoRow;
}

}  // namespace millrace::jobs
