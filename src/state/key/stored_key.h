// StoredKey: what a store has of one entity key in one table, read piece by piece: its open rows
// from the head, then summaries, chunks and tiles where they are asked for. Called by lookups and
// by online.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "kv/store.h"
#include "state/format/event_block.h"
#include "state/format/key_head.h"
#include "state/format/store_keys.h"
#include "state/format/summary.h"
#include "state/format/table.h"

namespace millrace::state {

class StoredKey {
 public:
  // head: under KeyRows::Head(). REQUIRES: snapshot, key and head outlive this and stay where they
  // are.
  static base::Result<StoredKey> Open(const kv::Snapshot& snapshot, const Table& table,
                                      std::string_view entity_key, std::string_view head);

  const KeyHead& head() const { return head_; }
  // False: the rows are those of another long key with the same hash.
  bool Is(std::string_view entity_key) const {
    return !KeyRows::IsCut(entity_key) || head_.whole_key == entity_key;
  }
  // Each call reads from the store. Errors: corrupt, and the store's.
  base::Result<std::vector<Summary>> Groups() const;  // whole ones
  base::Result<std::vector<Summary>> Chunks(int64_t group) const;
  base::Result<std::vector<Summary>> LastChunks() const;  // of the group that is not whole
  base::Result<std::vector<Summary>> Tiles(int64_t first_tile, int64_t last_tile) const;
  // Appends rows.
  base::Status ReadOpen(EventBlock* out) const;
  base::Status ReadChunks(const std::vector<int64_t>& numbers, EventBlock* out) const;

 private:
  StoredKey(const kv::Snapshot& snapshot, const Table& table, std::string_view entity_key)
      : snapshot_(&snapshot),
        table_(table.number),
        entity_key_(entity_key),
        chunks_per_group_(table.chunks.per_group) {}
  // Made when it is asked for: of most keys the head is all that is read.
  KeyRows rows() const { return {table_, entity_key_}; }
  base::Result<std::vector<Summary>> Summaries(const std::vector<std::string>& keys) const;

  const kv::Snapshot* snapshot_;
  uint32_t table_;
  std::string_view entity_key_;
  uint32_t chunks_per_group_;
  KeyHead head_;
};

}  // namespace millrace::state
