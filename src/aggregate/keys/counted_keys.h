// CountedKeys: how often each value occurs, as a State keeps it: mergeable, and stored in ascending
// order so that equal contents have equal bytes. For mode, top_k, histogram and percentile.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "aggregate/keys/order_key.h"

namespace millrace::aggregate::keys {

template <class Key>
class CountedKeys {
 public:
  struct Entry {
    Key key;
    uint64_t count;
  };

  void Add(Key key, uint64_t count) {
    const auto at = counts_.find(key);
    if (at != counts_.end()) {
      at->second += count;
    } else {
      counts_.emplace(key, count);
    }
  }
  void Merge(const CountedKeys& other) {
    for (const auto& [key, count] : other.counts_) Add(key, count);
  }
  bool empty() const { return counts_.empty(); }
  // Ascending; views of this.
  std::vector<Entry> Ascending() const {
    std::vector<Entry> entries;
    entries.reserve(counts_.size());
    for (const auto& [key, count] : counts_) entries.push_back({key, count});
    std::ranges::sort(entries, {}, &Entry::key);
    return entries;
  }

  void Encode(const columns::Type& type, base::ByteWriter* out) const {
    out->Varint(counts_.size());
    KeySequenceWriter<Key> keys(type, out);
    for (const Entry& entry : Ascending()) {
      keys.Write(entry.key);
      out->Varint(entry.count);
    }
  }
  base::Status Decode(const columns::Type& type, base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, in->Count(2));
    counts_.reserve(size);
    KeySequenceReader<Key> keys(type, in);
    for (uint64_t i = 0; i < size; ++i) {
      ARROW_ASSIGN_OR_RAISE(const Key key, keys.Read());
      ARROW_ASSIGN_OR_RAISE(const uint64_t count, in->Varint());
      if (count == 0 || count >> 40 != 0) {
        return base::Error(base::codes::kCorrupt, "a count of a state is out of range");
      }
      counts_.emplace(key, count);
    }
    return base::Status::OK();
  }

 private:
  KeyMap<Key, uint64_t> counts_;
};

}  // namespace millrace::aggregate::keys
