#include "state/sort/run_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace millrace::state {

using base::Result;
using base::Status;

namespace {

constexpr size_t kWriteBytes = size_t{1} << 18;
constexpr size_t kReadBytes = size_t{1} << 15;  // of each run, and there may be many

Status FileError(int error) {
  if (error == ENOSPC || error == EFBIG || error == EDQUOT) {
    return base::Error({base::codes::kDiskFull,
                        "no space for the file in which rows are sorted",
                        {},
                        "TMPDIR says where it goes, --memory how much need not"});
  }
  return base::Error(base::codes::kIo,
                     std::string("the file in which rows are sorted: ") + std::strerror(error));
}

}  // namespace

RunFile::~RunFile() {
  close(descriptor_);
}

Status RunFile::Append(std::string_view bytes) {
  waiting_.append(bytes);
  return waiting_.size() < kWriteBytes ? Status::OK() : Flush();
}

Status RunFile::Flush() {
  for (size_t done = 0; done < waiting_.size();) {
    const ssize_t wrote = pwrite(descriptor_, waiting_.data() + done, waiting_.size() - done, end_);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return FileError(wrote == 0 ? ENOSPC : errno);
    done += static_cast<size_t>(wrote);
    end_ += wrote;
  }
  waiting_.clear();
  return Status::OK();
}

Result<int64_t> RunFile::ReadAt(int64_t offset, char* bytes, int64_t size) const {
  while (true) {
    const ssize_t read = pread(descriptor_, bytes, static_cast<size_t>(size), offset);
    if (read > 0) return read;
    if (read == 0 || errno != EINTR) return FileError(read == 0 ? EIO : errno);
  }
}

Result<std::string_view> RunReader::Read(size_t size) {
  if (buffer_.size() - used_ < size) {
    buffer_.erase(0, used_);
    used_ = 0;
    size_t have = buffer_.size();
    const auto left = static_cast<size_t>(end_ - at_);
    buffer_.resize(have + std::min(std::max(kReadBytes, size - have), left));
    while (have < buffer_.size()) {
      ARROW_ASSIGN_OR_RAISE(
          const int64_t read,
          file_.ReadAt(at_, buffer_.data() + have, static_cast<int64_t>(buffer_.size() - have)));
      have += static_cast<size_t>(read);
      at_ += read;
    }
    if (buffer_.size() < size) return FileError(EIO);
  }
  used_ += size;
  return std::string_view(buffer_).substr(used_ - size, size);
}

}  // namespace millrace::state
