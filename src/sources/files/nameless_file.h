// OpenNamelessFile: a file for what does not fit in memory. It has no name, so nothing of it is
// left behind, however the process ends.
#pragma once

#include <string>

#include "base/status.h"

namespace millrace::sources {

// Open for reading and writing in `folder`; the descriptor is the caller's. Errors: disk_full,
// permission_denied, file_not_found, io_error, naming the folder, with what to do.
base::Result<int> OpenNamelessFile(const std::string& folder);

// What such a file's reading or writing (`doing`) said with `error`, an errno, in the same words.
base::Status NamelessFileError(std::string_view doing, const std::string& folder, int error);

// Where such files go: TMPDIR, if that is set, else `folder`, "" being the working one.
std::string NamelessFileFolder(const std::string& folder);

}  // namespace millrace::sources
