// LineFeed: lines of a file or of standard input, in batches that end where the producer pauses:
// who writes a line and waits gets it pushed. Called by push.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace millrace::cli {

struct LineBatch {
  int64_t first_line = 1;               // the number of lines[0]
  std::vector<std::string_view> lines;  // without their ends; valid until the next batch
};

// While one exists, SIGINT and SIGTERM are noted instead of ending the process.
class LineFeed {
 public:
  // "-": standard input. Errors: file_not_found, permission_denied, io_error.
  static base::Result<LineFeed> Open(const std::string& path);
  LineFeed(LineFeed&& other) noexcept;
  LineFeed& operator=(LineFeed&&) = delete;
  ~LineFeed();

  // At most `lines_max` lines and about 16 MiB of them, fewer when nothing more has come yet. None:
  // the end, or a signal. Errors: io_error; bad_value, a line of over 256 MiB.
  base::Result<LineBatch> Next(size_t lines_max);

  // Whether a signal asked for the end.
  static bool Stopped();

 private:
  explicit LineFeed(int descriptor) : descriptor_(descriptor) {}

  // Whether reading would not wait; `wait`: until it would not, or a signal came.
  base::Result<bool> Readable(bool wait) const;
  base::Status Read();
  bool TakeLine(LineBatch* batch);

  int descriptor_ = -1;
  std::string bytes_;    // read and not yet given, after those of the batch that is out
  size_t next_ = 0;      // where in bytes_ the next line begins
  size_t searched_ = 0;  // up to here there is no line end after next_
  bool at_end_ = false;
  int64_t line_ = 1;  // the number of the next line
};

}  // namespace millrace::cli
