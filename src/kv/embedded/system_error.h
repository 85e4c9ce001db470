// What the operating system or LMDB says about a store's files, as one of our codes.
#pragma once

#include <string_view>

#include "base/status.h"

namespace millrace::kv {

// `error` is an errno or one of LMDB's codes, never 0. `doing`: "open", "read", "write".
base::Status StoreError(int error, std::string_view doing, std::string_view path);

}  // namespace millrace::kv
