// ReadSecretFile: a small file that belongs to one user alone, read whole. Used by tokens.
#pragma once

#include <string>

#include "base/status.h"

namespace millrace::serve {

// Errors, naming the file: file_not_found, permission_denied, io_error, bad_value (others than its
// user may read or write it; more than 1 MiB).
base::Result<std::string> ReadSecretFile(const std::string& path);

}  // namespace millrace::serve
