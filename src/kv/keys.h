// What every store asks of rows, before an engine sees them.
#pragma once

#include <string_view>

#include "base/status.h"
#include "kv/store.h"

namespace millrace::kv {

// Error: internal, unless the key has 1 to kKeyBytesMax bytes.
base::Status CheckKey(std::string_view key);
// And the value at most kValueBytesMax.
base::Status CheckRow(std::string_view key, std::string_view value);
// And `key` comes after `last`, which starts empty: rows in bulk ascend.
base::Status CheckAscends(std::string_view last, const Row& row);
// Error: store_fenced.
base::Status Fenced(std::string_view store);
// Error: internal. A store opened with read_only was asked to change.
base::Status ReadOnly(std::string_view store);

}  // namespace millrace::kv
