// The canonical bytes of an entity key: what keys are compared, hashed and stored by. Per key
// column its canonical bytes, each after its length as a varint, so that ("a","bc") is not
// ("ab","c").
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "columns/column.h"

namespace millrace::features {

// Replaces `*key`. False, and `*key` empty, when any of the columns is null there. No columns: the
// one global key, which is empty and valid.
bool EncodeKey(std::span<const columns::Column> key_columns, int64_t row, std::string* key);

// The same key from values; false when any is null.  REQUIRES: one type per value.
bool EncodeKey(std::span<const columns::Value> values, std::span<const columns::Type> types,
               std::string* key);

// Its inverse: one value per key column. Error: corrupt.
base::Result<std::vector<columns::Value>> DecodeKey(std::string_view key,
                                                    std::span<const columns::Type> types);

// Keys of many rows in one piece of memory.
class KeyList {
 public:
  size_t size() const { return ends_.size(); }
  void Reserve(size_t keys) { ends_.reserve(keys); }
  void Append(std::string_view key) {
    bytes_.append(key);
    ends_.push_back(bytes_.size());
  }
  // Valid until the next Append.
  std::string_view operator[](size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<size_t> ends_;
};

}  // namespace millrace::features
