// FileTag: one file of the user's with its size and the tag of its content, as proofs hold them.
// Called by training_set and verify.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "sources/event_reader.h"

namespace millrace::jobs {

// What tells whether a file is still the one that it was, without reading it.
struct FileStamp {
  int64_t bytes = 0;
  int64_t modified = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// `path` as the user gave it: relative to where the program runs. Errors: as sources::ListFiles.
base::Result<FileStamp> StampFile(const std::string& path);
// Reads the file. Errors: as sources::ListFiles and ContentTag.
base::Result<sources::InputFile> TagFile(const std::string& path);

}  // namespace millrace::jobs
