// KeyChain: the closed rows of one key: chunks, their summaries, and groups of those. Grows at its
// end, and loses whole chunks that have ended. Called by KeyWriter alone.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "kv/store.h"
#include "state/format/store_keys.h"
#include "state/key/row_sink.h"
#include "state/key/state_set.h"

namespace millrace::state {

class KeyChain {
 public:
  // before: what the store has of the key; nullptr: nothing. `chunks`: closed so far. REQUIRES: all
  // of it outlives this.
  KeyChain(const BoundTable& bound, const kv::Snapshot* before, const KeyRows& rows,
           uint32_t chunks);

  uint32_t chunks() const { return chunks_; }

  // Closes `rows` of `events`, which are in order: a chunk.
  base::Status Close(const EventColumns& events, std::span<const int64_t> rows, RowSink* sink);

  // Stored parts: whole groups, then the chunks of the last one. Those for which `ended` says so
  // are deleted; `take`, unless it is empty, gets each one's rows first.
  using Ended = std::function<bool(const Summary& part)>;
  using TakeRows = std::function<base::Status(const EventColumns& events)>;
  base::Status DropEnded(const Ended& ended, const TakeRows& take, RowSink* sink);
  // Calls `look` with the summary of each stored part.
  base::Status ForParts(const std::function<void(const Summary& part)>& look);

  // Writes what changed of summaries. Once, at the end.
  base::Status Finish(RowSink* sink);

 private:
  // A row of summaries: as stored, and what has become of it.
  struct Summaries {
    std::vector<Summary> all;
    size_t stored = 0;  // the first ones of `all`
    bool dropped = false;
    bool loaded = false;

    bool changed() const { return dropped || all.size() > stored; }
  };

  base::Status Load(const std::string& key, Summaries* summaries) const;
  base::Status LoadGroups() { return Load(rows_.GroupSummaries(), &groups_); }
  base::Status LoadChunks();
  base::Status Write(const std::string& key, const Summaries& summaries, RowSink* sink) const;
  base::Result<EventBlock> ReadChunk(int64_t number) const;
  base::Status CloseGroup(RowSink* sink);
  base::Status DropChunk(const Summary& chunk, const TakeRows& take, RowSink* sink) const;
  base::Status DropGroup(const Summary& group, const TakeRows& take, RowSink* sink) const;
  uint32_t per_group() const { return bound_.table->chunks.per_group; }
  uint32_t group() const { return chunks_ / per_group(); }

  const BoundTable& bound_;
  const kv::Snapshot* const before_;
  const KeyRows& rows_;
  const uint32_t stored_chunks_;
  uint32_t chunks_;
  Summaries groups_;                 // whole ones
  Summaries closed_;                 // the chunks of the group that grows
  std::unique_ptr<StateSet> grown_;  // of the chunks closed here since that group began
};

}  // namespace millrace::state
