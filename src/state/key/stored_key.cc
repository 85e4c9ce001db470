#include "state/key/stored_key.h"

#include <algorithm>
#include <string>
#include <utility>

#include "state/format/chunk.h"
#include "state/format/row_bytes.h"

namespace millrace::state {

using base::Result;
using base::Status;

namespace {

std::vector<std::string_view> Views(const std::vector<std::string>& keys) {
  return {keys.begin(), keys.end()};
}

}  // namespace

Result<StoredKey> StoredKey::Open(const kv::Snapshot& snapshot, const Table& table,
                                  std::string_view entity_key, std::string_view head) {
  StoredKey key(snapshot, table, entity_key);
  ARROW_ASSIGN_OR_RAISE(key.head_, KeyHead::Decode(head));
  return key;
}

Result<std::vector<Summary>> StoredKey::Summaries(const std::vector<std::string>& keys) const {
  std::vector<Summary> all;
  if (keys.empty()) return all;
  ARROW_ASSIGN_OR_RAISE(const kv::Found found, snapshot_->GetMany(Views(keys)));
  for (const auto& value : found.values) {
    if (!value.has_value()) continue;
    ARROW_ASSIGN_OR_RAISE(std::vector<Summary> some, DecodeSummaries(*value));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

Result<std::vector<Summary>> StoredKey::Groups() const {
  if (head_.chunks < chunks_per_group_) return std::vector<Summary>();
  return Summaries({rows().GroupSummaries()});
}

Result<std::vector<Summary>> StoredKey::Chunks(int64_t group) const {
  return Summaries({rows().Summaries(static_cast<uint32_t>(group))});
}

Result<std::vector<Summary>> StoredKey::LastChunks() const {
  if (head_.chunks % chunks_per_group_ == 0) return std::vector<Summary>();
  ARROW_ASSIGN_OR_RAISE(std::vector<Summary> chunks, Chunks(head_.chunks / chunks_per_group_));
  // A store without snapshots may already have later ones, whose rows the head still holds open.
  std::erase_if(chunks, [&](const Summary& chunk) { return chunk.number >= head_.chunks; });
  return chunks;
}

Result<std::vector<Summary>> StoredKey::Tiles(int64_t first_tile, int64_t last_tile) const {
  if (!head_.has_tiles) return std::vector<Summary>();
  const int64_t first =
      std::max(base::FloorDiv(first_tile, kTilesPerBlock), head_.first_tile_block);
  const int64_t last = std::min(base::FloorDiv(last_tile, kTilesPerBlock), head_.last_tile_block);
  const KeyRows rows = this->rows();
  std::vector<std::string> keys;
  for (int64_t block = first; block <= last; ++block) keys.push_back(rows.Tiles(block));
  return Summaries(keys);
}

Status StoredKey::ReadOpen(EventBlock* out) const {
  base::ByteReader in(head_.open);
  ARROW_RETURN_NOT_OK(DecodeRows(&in, head_.open_rows, out));
  return in.ExpectEnd();
}

Status StoredKey::ReadChunks(const std::vector<int64_t>& numbers, EventBlock* out) const {
  if (numbers.empty()) return Status::OK();
  const KeyRows rows = this->rows();
  std::vector<std::string> keys;
  for (const int64_t number : numbers) keys.push_back(rows.Chunk(static_cast<uint32_t>(number)));
  ARROW_ASSIGN_OR_RAISE(const kv::Found found, snapshot_->GetMany(Views(keys)));
  for (const auto& value : found.values) {
    if (!value.has_value()) return base::Error(base::codes::kCorrupt, "the store has lost a chunk");
    ARROW_RETURN_NOT_OK(DecodeChunk(*value, out));
  }
  return Status::OK();
}

}  // namespace millrace::state
