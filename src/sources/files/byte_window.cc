#include "sources/files/byte_window.h"

#include <arrow/io/interfaces.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace::sources {
namespace {

constexpr size_t kReadBytes = 1 << 20;

}  // namespace

ByteWindow::ByteWindow(std::shared_ptr<arrow::io::InputStream> stream)
    : stream_(std::move(stream)), bytes_(kReadBytes) {}

base::Result<bool> ByteWindow::More() {
  const size_t kept = size();
  if (begin_ > 0) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, kept);
    begin_ = 0;
    end_ = kept;
  }
  // Doubling, so that a record of any size is looked at a few times only.
  const size_t wanted = std::max(kReadBytes, kept);
  if (bytes_.size() < kept + wanted) bytes_.resize(kept + wanted);
  ARROW_ASSIGN_OR_RAISE(const int64_t count,
                        stream_->Read(static_cast<int64_t>(wanted), bytes_.data() + kept));
  end_ = kept + static_cast<size_t>(count);
  return count > 0;
}

base::Status ByteWindow::DropMark() {
  while (size() < 3) {
    ARROW_ASSIGN_OR_RAISE(const bool more, More());
    if (!more) break;
  }
  if (view().starts_with("\xEF\xBB\xBF")) Drop(3);
  return base::Status::OK();
}

}  // namespace millrace::sources
