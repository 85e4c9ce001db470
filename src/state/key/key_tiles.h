// KeyTiles: the merged states of one key by steps of its table's resolution, for rows that every
// question sees whole. Called by KeyWriter alone.
#pragma once

#include <map>
#include <span>

#include "kv/store.h"
#include "state/format/key_head.h"
#include "state/format/store_keys.h"
#include "state/key/row_sink.h"
#include "state/key/state_set.h"

namespace millrace::state {

class KeyTiles {
 public:
  // REQUIRES: all of it outlives this; the table has a resolution.
  KeyTiles(const BoundTable& bound, const kv::Snapshot* before, const KeyRows& rows);

  void Add(const EventColumns& events, std::span<const int64_t> rows);

  // Merges what was added into what is stored, drops tiles that begin before `keep_from`, and says
  // in `head` which blocks there are. Once, at the end.
  base::Status Finish(base::EventTime keep_from, KeyHead* head, RowSink* sink);

 private:
  struct Tile {
    Summary times;
    StateSet states;
  };

  int64_t TileOf(base::EventTime time) const;
  base::Status WriteBlock(int64_t block, base::EventTime keep_from, RowSink* sink);
  base::Status DropBlocks(base::EventTime keep_from, KeyHead* head, RowSink* sink) const;

  const BoundTable& bound_;
  const kv::Snapshot* const before_;
  const KeyRows& rows_;
  std::map<int64_t, Tile> tiles_;
};

}  // namespace millrace::state
