#include "state/bulk_rows.h"

#include <algorithm>

#include "state/format/store_keys.h"

namespace millrace::state {

using base::Result;
using base::Status;

namespace {

constexpr int kRowsAtOnce = 1'024;

}  // namespace

BulkRows::BulkRows(SortedRows* rows, MakeKeyWriter make) : rows_(rows), make_(std::move(make)) {}

Status BulkRows::Put(std::string key, std::string value) {
  const bool chunk = KeyRows::IsChunk(prefix_, key);
  if (chunk) {
    ready_.emplace_back(std::move(key), std::move(value));
  } else {
    at_end_.emplace_back(std::move(key), std::move(value));
  }
  return Status::OK();
}

// Of a key that is not there yet nothing grows and nothing goes.
Status BulkRows::Append(std::string, std::string) {
  return base::Error(base::codes::kInternal, "a bulk load appends");
}
Status BulkRows::Delete(std::string) {
  return base::Error(base::codes::kInternal, "a bulk load deletes");
}

// Makes some more rows ready; false when there are none.
Result<bool> BulkRows::Advance() {
  if (!in_key_) {
    SortedKey key;
    ARROW_ASSIGN_OR_RAISE(const bool more, rows_->NextKey(&key));
    if (!more) return false;
    prefix_ = key.prefix;
    whole_key_ = key.whole_key;
    const std::string_view table = KeyRows::TablePart(prefix_);
    if (writer_ == nullptr || table != writer_table_) {
      writer_table_ = table;
      writer_ = make_(prefix_, this);
    }
    ARROW_RETURN_NOT_OK(writer_->Begin(prefix_, whole_key_, std::nullopt));
    in_key_ = true;
  }
  for (int i = 0; i < kRowsAtOnce; ++i) {
    std::string_view row;
    ARROW_ASSIGN_OR_RAISE(const bool more, rows_->NextRow(&row));
    if (more) {
      ARROW_RETURN_NOT_OK(writer_->Add(row));
      continue;
    }
    ARROW_RETURN_NOT_OK(writer_->Finish());
    std::sort(at_end_.begin(), at_end_.end());
    std::move(at_end_.begin(), at_end_.end(), std::back_inserter(ready_));
    at_end_.clear();
    in_key_ = false;
    break;
  }
  return true;
}

Result<bool> BulkRows::Next(kv::Row* row) {
  while (ready_.empty()) {
    ARROW_ASSIGN_OR_RAISE(const bool more, Advance());
    if (!more) return false;
  }
  given_ = std::move(ready_.front());
  ready_.pop_front();
  *row = {given_.first, given_.second};
  return true;
}

}  // namespace millrace::state
