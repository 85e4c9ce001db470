// ByteWindow: a window that slides over a stream, for decoders of text that want one whole record
// at a time. Its bytes can be changed in place.
#pragma once

#include <arrow/io/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace millrace::sources {

class ByteWindow {
 public:
  explicit ByteWindow(std::shared_ptr<arrow::io::InputStream> stream);

  // What was read and not yet dropped. Valid until More.
  char* data() { return bytes_.data() + begin_; }
  size_t size() const { return end_ - begin_; }
  std::string_view view() { return {data(), size()}; }
  // Reads on; false at the end of the stream. The window grows until something is dropped.
  base::Result<bool> More();
  void Drop(size_t count) { begin_ += count; }
  // Drops a byte order mark of UTF-8, if the stream begins with one.
  base::Status DropMark();

 private:
  std::shared_ptr<arrow::io::InputStream> stream_;
  std::vector<char> bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace millrace::sources
