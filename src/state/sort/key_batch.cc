#include "state/sort/key_batch.h"

#include "state/format/store_keys.h"

namespace millrace::state {

using base::Result;
using base::Status;

namespace {

constexpr size_t kKeysMax = 1'024;
constexpr size_t kRowBytesMax = size_t{4} << 20;

}  // namespace

Result<bool> KeyBatch::Fill() {
  keys_.clear();
  heads_.clear();
  last_is_whole_ = true;
  size_t bytes = 0;
  while (keys_.size() < kKeysMax && bytes < kRowBytesMax) {
    SortedKey key;
    ARROW_ASSIGN_OR_RAISE(const bool more, rows_->NextKey(&key));
    if (!more) break;
    Key& kept = keys_.emplace_back();
    kept.prefix = key.prefix;
    kept.whole_key = key.whole_key;
    kept.head = KeyRows(kept.prefix).Head();
    for (last_is_whole_ = false; bytes < kRowBytesMax;) {
      std::string_view row;
      ARROW_ASSIGN_OR_RAISE(const bool another, rows_->NextRow(&row));
      if (!another) {
        last_is_whole_ = true;
        break;
      }
      kept.rows.emplace_back(row);
      bytes += row.size();
    }
  }
  for (const Key& key : keys_) heads_.push_back(key.head);
  return !keys_.empty();
}

Status KeyBatch::ForRows(size_t i, const TakeRow& take) {
  for (const std::string& row : keys_[i].rows) ARROW_RETURN_NOT_OK(take(row));
  if (i + 1 < keys_.size() || last_is_whole_) return Status::OK();
  while (true) {
    std::string_view row;
    ARROW_ASSIGN_OR_RAISE(const bool more, rows_->NextRow(&row));
    if (!more) return Status::OK();
    ARROW_RETURN_NOT_OK(take(row));
  }
}

}  // namespace millrace::state
