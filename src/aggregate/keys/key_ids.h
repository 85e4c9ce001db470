// KeyIds: the values of a walk's rows numbered 0, 1, … in their order, so that Slides that count
// values work on arrays. RowKeys: the keys themselves, by position.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "aggregate/keys/order_key.h"

namespace millrace::aggregate::keys {

// Valid while the column lives.
template <class Key>
class RowKeys {
 public:
  // Rows that are not valid have an unspecified key.
  void Reset(const columns::Column& column, std::span<const int64_t> rows) {
    keys_.assign(rows.size(), Key{});
    if constexpr (std::is_same_v<Key, BytesKey>) {
      if (column.strings == nullptr) return ResetNested(column, rows);
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      if (column.valid(rows[i])) keys_[i] = KeyOf<Key>(column, rows[i], nullptr);
    }
  }
  Key operator[](int64_t position) const { return keys_[static_cast<size_t>(position)]; }

 private:
  void ResetNested(const columns::Column& column, std::span<const int64_t> rows) {
    bytes_.clear();
    std::vector<size_t> ends(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      if (column.valid(rows[i])) AppendBytesKey(column, rows[i], &bytes_);
      ends[i] = bytes_.size();
    }
    if constexpr (std::is_same_v<Key, BytesKey>) {
      for (size_t i = 0; i < rows.size(); ++i) {
        const size_t begin = i == 0 ? 0 : ends[i - 1];
        keys_[i] = BytesKey(bytes_).substr(begin, ends[i] - begin);
      }
    }
  }

  std::vector<Key> keys_;
  std::string bytes_;
};

template <class Key>
class KeyIds {
 public:
  // key_of(position) for each position in [0, size); valid(position) says which have one.
  template <class KeyOfPosition, class Valid>
  void Reset(int64_t size, const KeyOfPosition& key_of, const Valid& valid) {
    Number(size, key_of, valid);
    Sort();
  }
  // The keys of rows of a column. Valid while the column lives.
  void Reset(const columns::Column& column, std::span<const int64_t> rows) {
    ResetUnordered(column, rows);
    Sort();
  }
  // The same, but the numbers follow no order.
  void ResetUnordered(const columns::Column& column, std::span<const int64_t> rows) {
    if constexpr (std::is_same_v<Key, BytesKey>) {
      if (column.codes != nullptr) return NumberCodes(column, rows);
    }
    row_keys_.Reset(column, rows);
    Number(
        static_cast<int64_t>(rows.size()), [&](int64_t i) { return row_keys_[i]; },
        [&](int64_t i) { return column.valid(rows[static_cast<size_t>(i)]); });
  }

  int64_t size() const { return static_cast<int64_t>(keys_.size()); }  // distinct values
  int32_t id(int64_t position) const { return ids_[static_cast<size_t>(position)]; }
  Key key(int64_t id) const { return keys_[static_cast<size_t>(id)]; }

 private:
  template <class KeyOfPosition, class Valid>
  void Number(int64_t size, const KeyOfPosition& key_of, const Valid& valid) {
    seen_.clear();
    keys_.clear();
    ids_.assign(static_cast<size_t>(size), -1);
    for (int64_t i = 0; i < size; ++i) {
      if (!valid(i)) continue;
      const Key key = key_of(i);
      const auto [at, added] = seen_.try_emplace(key, static_cast<int32_t>(keys_.size()));
      if (added) keys_.push_back(key);
      ids_[static_cast<size_t>(i)] = at->second;
    }
  }
  // Costs the rows, however many codes there are.
  void NumberCodes(const columns::Column& column, std::span<const int64_t> rows) {
    const auto code_count = static_cast<size_t>(column.code_count);
    if (code_ids_.size() < code_count) code_ids_.resize(code_count, -1);
    keys_.clear();
    ids_.assign(rows.size(), -1);
    for (size_t i = 0; i < rows.size(); ++i) {
      const int64_t row = rows[i];
      if (!column.valid(row)) continue;
      int32_t& id = code_ids_[static_cast<size_t>(column.codes[row])];
      if (id < 0) {
        id = static_cast<int32_t>(keys_.size());
        keys_.push_back(column.strings[row]);
      }
      ids_[i] = id;
    }
    for (const int64_t row : rows) code_ids_[static_cast<size_t>(column.codes[row])] = -1;
  }
  void Sort() {
    std::vector<std::pair<Key, int32_t>> sorted(keys_.size());
    for (size_t i = 0; i < keys_.size(); ++i) sorted[i] = {keys_[i], static_cast<int32_t>(i)};
    std::ranges::sort(sorted);
    std::vector<int32_t> rank(keys_.size());
    for (size_t i = 0; i < sorted.size(); ++i) {
      keys_[i] = sorted[i].first;
      rank[static_cast<size_t>(sorted[i].second)] = static_cast<int32_t>(i);
    }
    for (int32_t& id : ids_) {
      if (id >= 0) id = rank[static_cast<size_t>(id)];
    }
  }

  RowKeys<Key> row_keys_;
  absl::flat_hash_map<Key, int32_t, KeyHash, std::equal_to<>> seen_;
  std::vector<Key> keys_;
  std::vector<int32_t> ids_;
  std::vector<int32_t> code_ids_;  // by code; -1 between calls
};

}  // namespace millrace::aggregate::keys
