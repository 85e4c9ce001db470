// A small text file, read whole.
#pragma once

#include <string>

#include "base/status.h"

namespace millrace::project {

// Errors: file_not_found, permission_denied, io_error, bad_value (larger than 16 MiB), naming the
// file.
base::Result<std::string> ReadTextFile(const std::string& path);

}  // namespace millrace::project
