// Keys of a batch are read once each; then each of their events finds its row by time.
#include "state/looked_up_rows.h"

#include <algorithm>
#include <utility>

#include "features/derive.h"
#include "features/entity_key.h"
#include "state/key/newest_row.h"
#include "state/key/stored_key.h"
#include "window/window.h"

namespace millrace::state {

using base::EventTime;
using base::Result;
using base::Status;
using columns::EventBatch;
using columns::OwnedColumn;

struct LookedUpRows::Asked {
  std::string key;
  std::vector<int64_t> rows;  // of the batch
  EventTime first = EventTime::Max();
  EventTime last = EventTime::Min();
  std::optional<std::string_view> head;
};

LookedUpRows::LookedUpRows(ViewBinding binding, const kv::Snapshot* before)
    : binding_(std::move(binding)), layout_(binding_.table->layout()), before_(before) {}

void LookedUpRows::Add(std::string_view entity_key, const EventColumns& events, int64_t row) {
  added_.try_emplace(std::string(entity_key), layout_).first->second.AppendFrom(events, row);
}

int64_t LookedUpRows::CountEntered(EventTime after, EventTime until) const {
  int64_t count = 0;
  for (const auto& [key, rows] : added_) {
    for (int64_t row = 0; row < rows.size(); ++row) {
      const std::optional<EventTime> created =
          rows.has_created() ? std::optional(rows.created[row]) : std::nullopt;
      const EventTime entry = window::SnapshotEntry(rows.times[row], created);
      count += after < entry && entry <= until;
    }
  }
  return count;
}

Status LookedUpRows::LoadHeads(std::vector<Asked>* asked, kv::Found* found) const {
  if (before_ == nullptr || asked->empty()) return Status::OK();
  std::vector<std::string> keys;
  for (const Asked& one : *asked) keys.push_back(KeyRows(binding_.table->number, one.key).Head());
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  ARROW_ASSIGN_OR_RAISE(*found, before_->GetMany(views));
  for (size_t i = 0; i < asked->size(); ++i) (*asked)[i].head = found->values[i];
  return Status::OK();
}

namespace {

std::vector<EventTime> LookupTimes(const EventBatch& batch) {
  std::vector<EventTime> times;
  for (int64_t row = 0; row < batch.size; ++row) {
    std::optional<EventTime> created;
    if (!batch.created.empty()) created = batch.created[row];
    times.push_back(window::LookupTime(batch.event_times[row], created));
  }
  return times;
}

}  // namespace

Result<std::vector<OwnedColumn>> LookedUpRows::LookUp(const features::Lookup& lookup,
                                                      const EventBatch& batch) const {
  std::vector<columns::Column> key_columns;
  for (const int column : lookup.key_columns) key_columns.push_back(batch.columns[column].view);
  const std::vector<EventTime> times = LookupTimes(batch);
  std::vector<Asked> asked;
  absl::flat_hash_map<std::string, size_t> numbers;
  std::string key;
  for (int64_t row = 0; row < batch.size; ++row) {
    if (!features::EncodeKey(key_columns, row, &key)) continue;
    const auto [known, added] = numbers.try_emplace(key, asked.size());
    if (added) asked.push_back({key, {}, EventTime::Max(), EventTime::Min(), std::nullopt});
    Asked& one = asked[known->second];
    one.rows.push_back(row);
    one.first = std::min(one.first, times[row]);
    one.last = std::max(one.last, times[row]);
  }
  kv::Found found;
  ARROW_RETURN_NOT_OK(LoadHeads(&asked, &found));

  constexpr int64_t kNoRow = -1;
  EventBlock winners(layout_);
  std::vector<int64_t> winner_of(batch.size, kNoRow);
  NewestRows newest(binding_);
  for (const Asked& one : asked) {
    newest.Clear();
    if (one.head.has_value()) {
      ARROW_ASSIGN_OR_RAISE(const StoredKey stored,
                            StoredKey::Open(*before_, *binding_.table, one.key, *one.head));
      ARROW_RETURN_NOT_OK(newest.Load(stored, one.first, one.last));
    }
    if (const auto added = added_.find(one.key); added != added_.end()) {
      const EventColumns rows = added->second.View();
      for (int64_t row = 0; row < rows.size; ++row) newest.Add(rows, row);
    }
    newest.Prepare();
    for (const int64_t row : one.rows) {
      const int64_t winner = newest.At(times[row]);
      const bool stands =
          winner != NewestRows::kNone &&
          window::WithinTtl(newest.rows().times[winner], times[row], binding_.view->ttl);
      if (!stands) continue;
      winner_of[row] = winners.size();
      winners.AppendFrom(newest.rows(), winner);
    }
  }

  const EventColumns rows = winners.View();
  std::vector<OwnedColumn> gained;
  for (int i = 0; i < binding_.view->stored_count(); ++i) {
    const features::Feature& feature = binding_.view->features[i];
    columns::ColumnBuffer cells(feature.type);
    const columns::Column& from = rows.cells[binding_.values[i]];
    for (const int64_t winner : winner_of) {
      if (winner == kNoRow || !from.valid(winner)) {
        cells.AppendNull();
      } else {
        cells.AppendFrom(from, winner);
      }
    }
    gained.push_back(columns::Own(std::move(cells)));
  }
  return gained;
}

}  // namespace millrace::state
