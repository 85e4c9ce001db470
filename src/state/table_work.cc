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

Result<bool> TableWork::IsLost(const kv::Snapshot& now, bool beside_others) const {
  const uint32_t table = live->table.number;
  std::vector<std::string> keys;
  for (const FilePlace& file : files) keys.push_back(FileKey(table, file.path));
  if (live->fresh) keys = {BuildKey(table)};
  const std::vector<std::string_view> asked(keys.begin(), keys.end());
  ARROW_ASSIGN_OR_RAISE(const kv::Found there, now.GetMany(asked));
  if (live->fresh) return beside_others && !there.values[0].has_value();
  for (const auto& file : there.values) {
    if (file.has_value()) return true;
  }
  for (const auto& [origin, next] : offsets) {
    ARROW_ASSIGN_OR_RAISE(const int64_t stored, ReadOffset(now, table, origin));
    const auto before = found.find(origin);
    if (before == found.end() || stored != before->second) return true;
  }
  return false;
}

void TableWork::FindLookedUpUntil() {
  for (const LiveTable* by : looked_up_by) {
    looked_up_until = std::max(looked_up_until, by->table.looked_up_until);
  }
}

int64_t TableWork::CountBehind(const Catalog& catalog) const {
  if (feeds.empty()) return 0;
  EventTime until = EventTime::Min();
  for (const Table& table : catalog.tables) {
    const bool looks = std::any_of(
        looked_up_by.begin(), looked_up_by.end(),
        [&](const LiveTable* by) { return !by->fresh && by->table.number == table.number; });
    if (looks) until = std::max(until, table.looked_up_until);
  }
  return feeds[0]->CountEntered(looked_up_until, until);
}

base::Status TableWork::PutPlaces(kv::Transaction* transaction) const {
  const uint32_t table = live->table.number;
  if (live->fresh) ARROW_RETURN_NOT_OK(transaction->Delete(BuildKey(table)));
  for (const FilePlace& file : files) {
    ARROW_RETURN_NOT_OK(transaction->Put(FileKey(table, file.path), file.Encode()));
  }
  for (const auto& [origin, next] : offsets) {
    base::ByteWriter bytes;
    bytes.Varint(static_cast<uint64_t>(next));
    ARROW_RETURN_NOT_OK(transaction->Put(OffsetKey(table, origin), bytes.bytes()));
  }
  return base::Status::OK();
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
