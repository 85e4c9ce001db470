#include "state/key/key_tiles.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace millrace::state {

using base::EventTime;
using base::Status;

namespace {

// Of blocks that have ended, at most so many go at a time: a key that slept for years has many.
constexpr int64_t kBlocksDroppedMax = 1'024;

}  // namespace

KeyTiles::KeyTiles(const BoundTable& bound, const kv::Snapshot* before, const KeyRows& rows)
    : bound_(bound), before_(before), rows_(rows) {}

int64_t KeyTiles::TileOf(EventTime time) const {
  return base::FloorDiv(time.micros(), bound_.table->resolution.micros());
}

void KeyTiles::Add(const EventColumns& events, std::span<const int64_t> rows) {
  std::map<int64_t, std::vector<int64_t>> by_tile;
  for (const int64_t row : rows) by_tile[TileOf(events.times[row])].push_back(row);
  for (const auto& [number, of_tile] : by_tile) {
    auto [tile, added] = tiles_.try_emplace(number, Tile{{}, StateSet(bound_)});
    Summary& times = tile->second.times;
    times.number = number;
    for (const int64_t row : of_tile) {
      Summary one{number, 1, events.times[row], events.times[row], EventTime::Min(), {}};
      if (events.created != nullptr) one.created_max = events.created[row];
      times.AddTimes(one);
    }
    tile->second.states.Update(events, of_tile);
  }
}

Status KeyTiles::WriteBlock(int64_t block, EventTime keep_from, RowSink* sink) {
  const std::string key = rows_.Tiles(block);
  std::vector<Summary> stored;
  if (before_ != nullptr) {
    const std::string_view asked = key;
    ARROW_ASSIGN_OR_RAISE(const kv::Found found, before_->GetMany(std::span(&asked, 1)));
    if (found.values[0].has_value()) {
      ARROW_ASSIGN_OR_RAISE(stored, DecodeSummaries(*found.values[0]));
    }
  }
  for (const Summary& summary : stored) {
    auto [tile, added] = tiles_.try_emplace(summary.number, Tile{{}, StateSet(bound_)});
    tile->second.times.number = summary.number;
    tile->second.times.AddTimes(summary);
    std::vector<int> missing;
    ARROW_RETURN_NOT_OK(tile->second.states.Merge(summary, &missing));
    if (!missing.empty()) {
      return base::Error(base::codes::kCorrupt, "the store has a tile without its states");
    }
  }
  std::vector<Summary> written;
  const auto end = tiles_.lower_bound((block + 1) * kTilesPerBlock);
  for (auto tile = tiles_.lower_bound(block * kTilesPerBlock); tile != end; ++tile) {
    if (tile->first < TileOf(keep_from)) continue;
    Summary summary = tile->second.times;
    summary.states = tile->second.states.Encode(std::numeric_limits<size_t>::max());
    written.push_back(std::move(summary));
  }
  if (written.empty()) return stored.empty() ? Status::OK() : sink->Delete(key);
  return sink->Put(key, EncodeSummaries(written));
}

Status KeyTiles::DropBlocks(EventTime keep_from, KeyHead* head, RowSink* sink) const {
  const int64_t keep = base::FloorDiv(TileOf(keep_from), kTilesPerBlock);
  const int64_t last =
      std::min({keep - 1, head->last_tile_block, head->first_tile_block + kBlocksDroppedMax});
  for (int64_t block = head->first_tile_block; block <= last; ++block) {
    ARROW_RETURN_NOT_OK(sink->Delete(rows_.Tiles(block)));
    head->first_tile_block = block + 1;
  }
  head->has_tiles = head->first_tile_block <= head->last_tile_block;
  return Status::OK();
}

Status KeyTiles::Finish(EventTime keep_from, KeyHead* head, RowSink* sink) {
  if (head->has_tiles && before_ != nullptr) {
    ARROW_RETURN_NOT_OK(DropBlocks(keep_from, head, sink));
  }
  std::vector<int64_t> blocks;
  for (const auto& [number, tile] : tiles_) {
    const int64_t block = base::FloorDiv(number, kTilesPerBlock);
    if (number < TileOf(keep_from)) continue;
    if (blocks.empty() || blocks.back() != block) blocks.push_back(block);
  }
  for (const int64_t block : blocks) {
    ARROW_RETURN_NOT_OK(WriteBlock(block, keep_from, sink));
    head->first_tile_block = head->has_tiles ? std::min(head->first_tile_block, block) : block;
    head->last_tile_block = head->has_tiles ? std::max(head->last_tile_block, block) : block;
    head->has_tiles = true;
  }
  return Status::OK();
}

}  // namespace millrace::state
