#include "kv/keys.h"

#include <fmt/format.h>

namespace millrace::kv {

base::Status CheckKey(std::string_view key) {
  if (!key.empty() && key.size() <= kKeyBytesMax) return base::Status::OK();
  return base::Error(
      base::codes::kInternal,
      fmt::format("a store's key of {} bytes: expected 1 to {}", key.size(), kKeyBytesMax));
}

base::Status CheckRow(std::string_view key, std::string_view value) {
  ARROW_RETURN_NOT_OK(CheckKey(key));
  if (value.size() <= kValueBytesMax) return base::Status::OK();
  return base::Error(base::codes::kInternal,
                     fmt::format("a store's value of {} bytes: expected at most {}", value.size(),
                                 kValueBytesMax));
}

base::Status CheckAscends(std::string_view last, const Row& row) {
  ARROW_RETURN_NOT_OK(CheckRow(row.key, row.value));
  if (last < row.key) return base::Status::OK();
  return base::Error(base::codes::kInternal, "rows in bulk whose keys do not ascend");
}

base::Status Fenced(std::string_view store) {
  return base::Error(
      {.code = base::codes::kStoreFenced,
       .message = fmt::format("store {}: another writer took over; nothing was changed", store),
       .hint = "only one process may write the store at a time"});
}

base::Status ReadOnly(std::string_view store) {
  return base::Error(base::codes::kInternal,
                     fmt::format("store {}: opened for reading alone", store));
}

}  // namespace millrace::kv
