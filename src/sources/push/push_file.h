// PushFile: what a push log asks of the operating system: small files, locks, appends that are
// taken back when they fail. Used inside sources/push alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::sources {

// What an errno says about a path, with our code. `doing`: "read", "write".
base::Status ErrnoError(int error, std::string_view doing, const std::string& path);

base::Result<std::string> ReadSmallFile(const std::string& path);
base::Status WriteSmallFile(const std::string& path, std::string_view text);

// A lock on a file, between processes and inside one; held until it is destroyed or the process
// ends, however it does.
class FileLock {
 public:
  // For writers: makes the file and writes the process's id into it. nullptr: somebody has it.
  static base::Result<std::unique_ptr<FileLock>> TryExclusive(const std::string& path);
  // Waits for an exclusive one. nullptr: there is no such file, hence nobody to exclude.
  static base::Result<std::unique_ptr<FileLock>> Shared(const std::string& path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

// A file that grows at its end.
class GrowingFile {
 public:
  // Cuts the file to `bytes`, where appending goes on. REQUIRES: it exists.
  static base::Result<std::unique_ptr<GrowingFile>> Open(const std::string& path, int64_t bytes);
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;
  ~GrowingFile();

  // All of it, or nothing: what was written before an error is cut off again. After a cut that
  // fails too, every call fails. `sync`: returns once the bytes outlive a loss of power. Errors:
  // disk_full, permission_denied, io_error.
  base::Status Append(std::string_view bytes, bool sync);
  int64_t bytes() const { return bytes_; }
  // Not ok: its end is not known, or not known to last. Whoever opens it anew finds out.
  const base::Status& status() const { return broken_; }
  const std::string& path() const { return path_; }

 private:
  GrowingFile(std::string path, int descriptor, int64_t bytes);
  base::Status Write(std::string_view bytes) const;
  base::Status Sync() const;

  const std::string path_;
  const int descriptor_;
  int64_t bytes_;
  base::Status broken_;
};

}  // namespace millrace::sources
