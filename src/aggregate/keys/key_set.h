// Sets of keys that only grow, as a State of nunique or collect_distinct keeps them. BytesSet holds
// one run of bytes, an entry and a slot for each string: no allocation per string, none is moved or
// hashed again when the table grows, and a merge takes the hashes along.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "aggregate/keys/order_key.h"
#include "base/check.h"

namespace millrace::aggregate::keys {

class BytesSet {
 public:
  size_t size() const { return entries_.size(); }
  void Reserve(size_t size) {
    entries_.reserve(size);
    if (slots_.size() < 2 * size) Spread(std::max(std::bit_ceil(2 * size), kSlotsMin));
  }
  void Add(std::string_view bytes) { Add(bytes, static_cast<uint32_t>(KeyHash()(bytes))); }
  void Merge(const BytesSet& other) {
    if (other.size() > size()) Reserve(other.size());
    for (size_t i = 0; i < other.size(); ++i) Add(other.bytes(i), other.entries_[i].hash);
  }
  // In no order; views of this, valid until the next change.
  std::vector<std::string_view> All() const {
    std::vector<std::string_view> all;
    all.reserve(size());
    for (size_t i = 0; i < size(); ++i) all.push_back(bytes(i));
    return all;
  }

 private:
  static constexpr size_t kSlotsMin = 16;
  static constexpr size_t kSlotsSmall = 4096;
  static constexpr size_t kSizeMax = (size_t{1} << 32) - 1;

  struct Entry {
    size_t end;  // in bytes_; it begins where the one before ends
    uint32_t hash;
  };
  // The hash beside the number spares most looks at an entry.
  struct Slot {
    uint32_t hash;
    uint32_t number;  // of the entry + 1; 0: free
  };

  std::string_view bytes(size_t i) const {
    const size_t begin = i == 0 ? 0 : entries_[i - 1].end;
    return {bytes_.data() + begin, entries_[i].end - begin};
  }

  void Add(std::string_view added, uint32_t hash) {
    // At least half of the table is free.
    if (slots_.size() < 2 * (size() + 1)) {
      // Small ones are cheaper to clear than to fill again.
      Spread(std::max(slots_.size() * (slots_.size() < kSlotsSmall ? 4 : 2), kSlotsMin));
    }
    const size_t mask = slots_.size() - 1;
    size_t at = hash & mask;
    for (; slots_[at].number != 0; at = (at + 1) & mask) {
      if (slots_[at].hash == hash && bytes(slots_[at].number - 1) == added) return;
    }
    MILLRACE_CHECK(size() < kSizeMax);
    bytes_.append(added);
    entries_.push_back({bytes_.size(), hash});
    slots_[at] = {hash, static_cast<uint32_t>(size())};
  }

  // Over so many slots, a power of two.
  void Spread(size_t count) {
    slots_.assign(count, Slot{});
    for (size_t i = 0; i < size(); ++i) {
      size_t at = entries_[i].hash & (count - 1);
      while (slots_[at].number != 0) at = (at + 1) & (count - 1);
      slots_[at] = {entries_[i].hash, static_cast<uint32_t>(i + 1)};
    }
  }

  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;
};

class FixedSet {
 public:
  size_t size() const { return keys_.size(); }
  void Reserve(size_t size) { keys_.reserve(size); }
  void Add(FixedKey key) { keys_.insert(key); }
  void Merge(const FixedSet& other) {
    if (other.size() > size()) Reserve(other.size());
    for (const FixedKey key : other.keys_) keys_.insert(key);
  }
  std::vector<FixedKey> All() const { return {keys_.begin(), keys_.end()}; }

 private:
  absl::flat_hash_set<FixedKey> keys_;
};

template <class Key>
using KeySet = std::conditional_t<std::is_same_v<Key, FixedKey>, FixedSet, BytesSet>;

}  // namespace millrace::aggregate::keys
