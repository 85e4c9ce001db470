// RunFile: one file in which all sorted runs of a sorter wait, one behind the other. RunReader: one
// of them, read from its beginning. Called by RowSorter alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::state {

class RunFile {
 public:
  // Takes the descriptor, which it closes.
  explicit RunFile(int descriptor) : descriptor_(descriptor) {}
  ~RunFile();
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;

  // Errors: disk_full, io_error.
  base::Status Append(std::string_view bytes);
  base::Status Flush();
  int64_t end() const { return end_ + static_cast<int64_t>(waiting_.size()); }
  // Reads at most `size` bytes at `offset`; how many. Not before Flush.
  base::Result<int64_t> ReadAt(int64_t offset, char* bytes, int64_t size) const;

 private:
  const int descriptor_;
  int64_t end_ = 0;  // of what is written
  std::string waiting_;
};

class RunReader {
 public:
  // The bytes [begin, end). REQUIRES: the file outlives this.
  RunReader(const RunFile& file, int64_t begin, int64_t end) : file_(file), at_(begin), end_(end) {}
  // The next `size` bytes; valid until the next call. Error: io_error.
  base::Result<std::string_view> Read(size_t size);

 private:
  const RunFile& file_;
  int64_t at_;  // of what is not in the buffer yet
  const int64_t end_;
  std::string buffer_;
  size_t used_ = 0;
};

}  // namespace millrace::state
