#include "sources/push/push_file.h"

#include <arrow/util/io_util.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/failpoint.h"
#include "sources/files/file_error.h"
#include "sources/files/whole_file.h"

namespace millrace::sources {
namespace {

constexpr size_t kSmallBytesMax = 4096;

int LockFile(int descriptor, int how) {
  int result = 0;
  do {
    result = ::flock(descriptor, how);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

base::Status ErrnoError(int error, std::string_view doing, const std::string& path) {
  const arrow::Status status =
      arrow::Status::IOError("").WithDetail(arrow::internal::StatusDetailFromErrno(error));
  return FileError(status, doing, path, base::codes::kIo);
}

base::Result<std::string> ReadSmallFile(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoError(errno, "read", path);
  std::array<char, kSmallBytesMax> bytes = {};
  const ssize_t got = ::read(descriptor, bytes.data(), bytes.size());
  const int error = errno;
  ::close(descriptor);
  if (got < 0) return ErrnoError(error, "read", path);
  return std::string(bytes.data(), static_cast<size_t>(got));
}

base::Status WriteSmallFile(const std::string& path, std::string_view text) {
  return WriteText(path, text);
}

base::Result<std::unique_ptr<FileLock>> FileLock::TryExclusive(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (descriptor < 0) return ErrnoError(errno, "write", path);
  std::unique_ptr<FileLock> lock(new FileLock(descriptor));
  if (LockFile(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return nullptr;
    return ErrnoError(errno, "lock", path);
  }
  const std::string owner = fmt::format("{}\n", ::getpid());
  // For messages alone: a disk that is full keeps nobody from locking.
  if (::ftruncate(descriptor, 0) == 0) {
    static_cast<void>(!::pwrite(descriptor, owner.data(), owner.size(), 0));
  }
  return lock;
}

base::Result<std::unique_ptr<FileLock>> FileLock::Shared(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return nullptr;
  if (descriptor < 0) return ErrnoError(errno, "read", path);
  std::unique_ptr<FileLock> lock(new FileLock(descriptor));
  if (LockFile(descriptor, LOCK_SH) != 0) return ErrnoError(errno, "lock", path);
  return lock;
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

base::Result<std::unique_ptr<GrowingFile>> GrowingFile::Open(const std::string& path,
                                                             int64_t bytes) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoError(errno, "write", path);
  std::unique_ptr<GrowingFile> file(new GrowingFile(path, descriptor, bytes));
  if (::ftruncate(descriptor, bytes) != 0) return ErrnoError(errno, "write", path);
  return file;
}

GrowingFile::GrowingFile(std::string path, int descriptor, int64_t bytes)
    : path_(std::move(path)), descriptor_(descriptor), bytes_(bytes) {}

GrowingFile::~GrowingFile() {
  ::close(descriptor_);
}

base::Status GrowingFile::Append(std::string_view bytes, bool sync) {
  ARROW_RETURN_NOT_OK(broken_);
  base::Status written = Write(bytes);
  if (written.ok()) written = base::Failpoint("log.append.write");
  if (written.ok() && sync) {
    written = Sync();
    // What a device did not take once it may forget later, whatever a second sync says.
    broken_ = written;
  }
  if (written.ok()) {
    bytes_ += static_cast<int64_t>(bytes.size());
  } else if (::ftruncate(descriptor_, bytes_) != 0) {
    broken_ = written;
  }
  return written;
}

base::Status GrowingFile::Sync() const {
  ARROW_RETURN_NOT_OK(base::Failpoint("log.append.sync"));
  return ::fdatasync(descriptor_) == 0 ? base::Status::OK() : ErrnoError(errno, "write", path_);
}

base::Status GrowingFile::Write(std::string_view bytes) const {
  auto at = static_cast<off_t>(bytes_);
  while (!bytes.empty()) {
    const ssize_t wrote = ::pwrite(descriptor_, bytes.data(), bytes.size(), at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return ErrnoError(errno, "write", path_);
    at += wrote;
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return base::Status::OK();
}

}  // namespace millrace::sources
