#include "state/table_work.h"

#include <algorithm>

#include "state/format/store_keys.h"

namespace millrace::state {

using base::EventTime;
using base::Result;

void TableWork::SetNow(EventTime now) {
  if (live->table.kind == features::ViewKind::kWindowed) kept.keep_from = live->kept.KeepFrom(now);
  kept.settled = live->kept.Settled(now);
}

Result<int64_t> TableWork::Offset(std::string_view origin, const kv::Snapshot& before) {
  if (const auto set = offsets.find(origin); set != offsets.end()) return set->second;
  int64_t& stored = found[std::string(origin)];
  if (live->fresh) return 0;
  ARROW_ASSIGN_OR_RAISE(stored, ReadOffset(before, live->table.number, origin));
  return stored;
}

Result<bool> TableWork::IsApplied(const kv::Snapshot& now) const {
  if (live->fresh) return false;
  const uint32_t table = live->table.number;
  for (const auto& [origin, next] : offsets) {
    ARROW_ASSIGN_OR_RAISE(const int64_t stored, ReadOffset(now, table, origin));
    const auto before = found.find(origin);
    if (before == found.end() || stored != before->second) return true;
  }
  for (const FilePlace& file : files) {
    const std::string key = FileKey(table, file.path);
    const std::string_view asked = key;
    ARROW_ASSIGN_OR_RAISE(const kv::Found there, now.GetMany(std::span(&asked, 1)));
    if (there.values[0].has_value()) return true;
  }
  return false;
}

void TableWork::FindLookedUpUntil() {
  for (const LiveTable* by : looked_up_by) {
    looked_up_until = std::max(looked_up_until, by->table.looked_up_until);
  }
}

int64_t TableWork::FollowLookups(const Catalog& catalog, const kv::Snapshot* now) {
  if (feeds.empty()) return 0;
  EventTime until = EventTime::Min();
  for (const Table& table : catalog.tables) {
    const bool looks = std::any_of(
        looked_up_by.begin(), looked_up_by.end(),
        [&](const LiveTable* by) { return !by->fresh && by->table.number == table.number; });
    if (looks) until = std::max(until, table.looked_up_until);
  }
  const int64_t behind = feeds[0]->CountEntered(looked_up_until, until);
  for (LookedUpRows* rows : feeds) {
    if (!live->fresh) rows->Follow(now);
  }
  return behind;
}

void TableWork::FillNulls(int64_t size, EventColumns* events) {
  nulls.clear();
  for (size_t i = 0; i < events->cells.size(); ++i) {
    if (!events->cells[i].type.is_null()) continue;
    columns::ColumnBuffer& column = nulls.emplace_back(live->table.columns[i].type);
    for (int64_t row = 0; row < size; ++row) column.AppendNull();
    events->cells[i] = column.View();
  }
}

}  // namespace millrace::state
