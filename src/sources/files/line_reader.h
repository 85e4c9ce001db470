// LineReader: the lines of a text, however long the reads. Knows nothing of JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "sources/files/byte_window.h"

namespace millrace::sources {

class LineReader {
 public:
  explicit LineReader(std::shared_ptr<arrow::io::InputStream> stream);

  // The next line without its line end, valid until the next call; nothing at the end. Error:
  // corrupt, for a line over 256 MiB; what the stream reports.
  base::Result<std::optional<std::string_view>> Next();
  // The number of the line given last, from 1.
  int64_t line() const { return line_; }

  static bool IsBlank(std::string_view line);

 private:
  ByteWindow window_;
  size_t taken_ = 0;  // bytes of the window that the last line took
  int64_t line_ = 0;
};

}  // namespace millrace::sources
