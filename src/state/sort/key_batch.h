// KeyBatch: some keys of sorted rows at a time, so that their heads can be read together. Called by
// the updater.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "state/sort/row_sorter.h"

namespace millrace::state {

class KeyBatch {
 public:
  // REQUIRES: `rows` outlives this.
  explicit KeyBatch(SortedRows* rows) : rows_(rows) {}

  // The next keys; false when there are none.
  base::Result<bool> Fill();
  size_t size() const { return keys_.size(); }
  SortedKey key(size_t i) const { return {keys_[i].prefix, keys_[i].whole_key}; }
  // The keys of their heads in the store. Valid until the next Fill.
  const std::vector<std::string_view>& heads() const { return heads_; }
  // Calls take(row) for each row of key i. In order of i, once each.
  using TakeRow = std::function<base::Status(std::string_view row)>;
  base::Status ForRows(size_t i, const TakeRow& take);

 private:
  struct Key {
    std::string prefix;
    std::string whole_key;
    std::string head;
    std::vector<std::string> rows;
  };

  SortedRows* const rows_;
  std::vector<Key> keys_;
  std::vector<std::string_view> heads_;
  bool last_is_whole_ = true;  // else the last key has more rows, which were not read yet
};

}  // namespace millrace::state
