#include "state/key/newest_row.h"

#include <algorithm>

namespace millrace::state {

using base::EventTime;
using base::Status;
using features::FeatureKind;

NewestRows::NewestRows(const ViewBinding& binding) : block_(binding.table->layout()) {
  const auto& features = binding.view->features;
  std::vector<size_t> tied;
  for (size_t i = 0; i < features.size(); ++i) {
    if (features[i].kind == FeatureKind::kRow) tied.push_back(i);
  }
  std::sort(tied.begin(), tied.end(),
            [&](size_t a, size_t b) { return features[a].name < features[b].name; });
  for (const size_t i : tied) tie_columns_.push_back(binding.values[i]);
}

void NewestRows::Clear() {
  block_.Clear();
}

void NewestRows::Add(const EventColumns& events, int64_t row) {
  block_.AppendFrom(events, row);
}

Status NewestRows::Load(const StoredKey& key, EventTime from, EventTime to) {
  ARROW_RETURN_NOT_OK(key.ReadOpen(&block_));
  if (key.head().chunks == 0) return Status::OK();
  // A part can be left out when all of it is later, or when something that is seen at `from` is
  // newer than all of it.
  EventTime newest = EventTime::Min();
  for (int64_t row = 0; row < block_.size(); ++row) {
    const bool seen =
        block_.times[row] <= from && (!block_.has_created() || block_.created[row] <= from);
    if (seen) newest = std::max(newest, block_.times[row]);
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<Summary> groups, key.Groups());
  ARROW_ASSIGN_OR_RAISE(std::vector<Summary> chunks, key.LastChunks());
  const auto look = [&](const std::vector<Summary>& parts) {
    for (const Summary& part : parts) {
      if (part.last <= from && part.created_max <= from) newest = std::max(newest, part.last);
    }
  };
  look(groups);
  look(chunks);
  const auto needed = [&](const Summary& part) {
    return part.rows > 0 && part.first <= to && part.last >= newest;
  };
  for (const Summary& group : groups) {
    if (!needed(group)) continue;
    ARROW_ASSIGN_OR_RAISE(const std::vector<Summary> inner, key.Chunks(group.number));
    chunks.insert(chunks.end(), inner.begin(), inner.end());
  }
  std::vector<int64_t> numbers;
  for (const Summary& chunk : chunks) {
    if (needed(chunk)) numbers.push_back(chunk.number);
  }
  return key.ReadChunks(numbers, &block_);
}

void NewestRows::Prepare() {
  block_.View(&view_);
  order_ = block_.TimeOrder();
}

// Of two rows with equal times.
bool NewestRows::Newer(int64_t a, int64_t b) const {
  for (const int column : tie_columns_) {
    const auto order = columns::CompareCells(view_.cells[column], a, view_.cells[column], b);
    if (order != 0) return order > 0;
  }
  return false;
}

int64_t NewestRows::At(EventTime t) const {
  const auto after =
      std::upper_bound(order_.begin(), order_.end(), t,
                       [&](EventTime time, int64_t row) { return time < view_.times[row]; });
  int64_t newest = kNone;
  for (auto at = after; at != order_.begin();) {
    const int64_t row = *--at;
    if (newest != kNone) {
      const bool tied = view_.times[row] == view_.times[newest] &&
                        (view_.created == nullptr || view_.created[row] == view_.created[newest]);
      if (!tied) break;
    }
    if (view_.created != nullptr && view_.created[row] > t) continue;
    if (newest == kNone || Newer(row, newest)) newest = row;
  }
  return newest;
}

}  // namespace millrace::state
