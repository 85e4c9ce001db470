// KeyWriter: new rows of one entity key after another, merged with what the store has of it: open
// rows, chunks, tiles; and what nobody can ask about any more is dropped. The one place that
// decides what is kept of a row. Called by the updater.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kv/store.h"
#include "state/key/key_chain.h"
#include "state/key/key_tiles.h"
#include "state/key/row_sink.h"
#include "state/key/state_set.h"

namespace millrace::state {

// How far back anybody can ask (retention.h).
struct KeptTimes {
  // Windowed: rows dated before it are in no window. Min: all are kept.
  base::EventTime keep_from = base::EventTime::Min();
  // No question is asked before it: what is dated before and known at it is seen whole. Min: any
  // question may come.
  base::EventTime settled = base::EventTime::Min();
  // What has ended goes at once, also where a later chunk would take it along.
  bool thorough = false;
};

class KeyWriter {
 public:
  // before: the store as it was; nullptr: the table is new. REQUIRES: all of it outlives this.
  KeyWriter(const BoundTable& bound, const KeptTimes& kept, const kv::Snapshot* before,
            RowSink* sink);
  ~KeyWriter();

  // prefix: KeyRows::prefix(); head: what the store has under KeyRows::Head(). `whole_key`: of a
  // key that is cut; else empty. Errors: corrupt; conflict, when another long key has the same
  // hash.
  base::Status Begin(std::string_view prefix, std::string_view whole_key,
                     std::optional<std::string_view> head);
  // One row (row_bytes.h). Best in the order of (event time, created): chunks then do not overlap.
  base::Status Add(std::string_view row);
  base::Status Finish();

 private:
  base::Status Settle(bool all);
  base::Status CloseOldest();
  base::Status FoldSettled();
  void DropOlderRows();
  void DropEndedRows();
  void KeepDistinct(std::span<const int64_t> tied, std::vector<int64_t>* kept) const;
  // Of the open rows, these alone.
  void KeepOpen(std::span<const int64_t> rows);
  base::Status DropEndedParts();
  bool VisibleWhenSettled(int64_t row) const;
  size_t chunk_rows() const { return bound_.table->chunks.rows; }
  bool snapshot() const { return bound_.table->kind == features::ViewKind::kSnapshot; }
  bool tiled() const { return bound_.table->resolution.micros() > 0; }

  const BoundTable& bound_;
  const KeptTimes kept_;
  const kv::Snapshot* const before_;
  RowSink* const sink_;

  std::optional<KeyRows> rows_;
  KeyHead head_;
  std::string whole_key_;
  EventBlock open_;
  // Kept for their memory.
  EventBlock spare_;
  EventColumns view_;  // of the open rows, when it was last made
  std::optional<KeyChain> chain_;
  std::optional<KeyTiles> tiles_;
};

}  // namespace millrace::state
