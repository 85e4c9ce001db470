// StringCodes: the strings of one column numbered across batches and threads, so that rows wait as
// integers and are compared as integers.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "columns/column.h"
#include "sweep/key_ids.h"

namespace millrace::offline {

class StringCodes {
 public:
  // Takes no new strings once those it keeps have so many bytes.
  explicit StringCodes(int64_t bytes_max) : bytes_max_(bytes_max) {}

  // Codes of the cells `rows`, 0 where a cell is not valid. False when there are too many strings:
  // then `codes` means nothing and the caller keeps the strings. From any thread.
  bool Encode(const columns::Column& column, std::span<const int64_t> rows,
              std::vector<int32_t>* codes);

  // By code. Not while anybody encodes.
  std::span<const std::string_view> strings() const { return ids_.keys(); }
  int64_t bytes() const { return bytes_; }

 private:
  const int64_t bytes_max_;
  std::mutex mutex_;
  sweep::KeyIds ids_;
  int64_t bytes_ = 0;
};

}  // namespace millrace::offline
