// LogFile: where the lines of a log go: a file that is appended to and followed when it is rotated,
// or standard error. Never throws, never waits for long. Called by RequestLog's writer thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::serve {

// Not thread-safe.
class LogFile {
 public:
  // `path`: "-" is standard error. Errors: file_not_found (the folder), permission_denied,
  // io_error.
  static base::Result<std::unique_ptr<LogFile>> Open(const std::string& path);
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile();

  // REQUIRES: whole lines, each with its end; SIGPIPE does not end the process. Returns how many of
  // them could not be written: a full disk, a closed pipe, or one that nobody reads for a second.
  int64_t Write(std::string_view lines);

 private:
  explicit LogFile(std::string path) : path_(std::move(path)) {}
  base::Status OpenPath();
  void FollowName();
  size_t WriteSome(std::string_view lines) const;

  const std::string path_;  // "": standard error
  int descriptor_ = -1;
  bool regular_ = false;  // takes any number of bytes without waiting for a reader
  bool torn_ = false;     // the last line that was begun has no end
  std::chrono::steady_clock::time_point followed_ = {};
};

}  // namespace millrace::serve
