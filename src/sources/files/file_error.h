// FileError: what the operating system, Arrow, Parquet or S3 said about a file, as one of our codes
// with the file's name. Called wherever sources touches a file.
#pragma once

#include <string_view>

#include "base/code.h"
#include "base/status.h"

namespace millrace::sources {

// REQUIRES: `status` is not ok. By its errno or S3 answer: file_not_found, permission_denied,
// disk_full, io_error; without either it is `otherwise` (corrupt for a decoder, io_error for a
// stream). A status that already carries our problems is given back as it is. `doing` is "read" or
// "write".
base::Status FileError(const base::Status& status, std::string_view doing, std::string_view path,
                       const base::Code& otherwise);
// The same of an errno alone.
base::Status FileError(int error, std::string_view doing, std::string_view path);

}  // namespace millrace::sources
