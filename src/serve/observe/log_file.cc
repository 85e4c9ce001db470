#include "serve/observe/log_file.h"

#include <arrow/util/io_util.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/code.h"
#include "sources/files/file_error.h"

namespace millrace::serve {
namespace {

constexpr std::chrono::seconds kFollowEvery{1};
constexpr int kPatienceMillis = 1'000;
// What a pipe that has room takes whole (PIPE_BUF): more could wait for its reader without end.
constexpr size_t kPipeBytes = 4'096;

// Of what a pipe takes at once as many whole lines as fit, or a piece of a long one.
std::string_view FirstPiece(std::string_view lines) {
  if (lines.size() <= kPipeBytes) return lines;
  const size_t end = lines.rfind('\n', kPipeBytes - 1);
  return lines.substr(0, end == std::string_view::npos ? kPipeBytes : end + 1);
}

bool HasRoom(int descriptor) {
  pollfd waiting = {descriptor, POLLOUT, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, kPatienceMillis);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

base::Result<std::unique_ptr<LogFile>> LogFile::Open(const std::string& path) {
  std::unique_ptr<LogFile> file(new LogFile(path == "-" ? "" : path));
  ARROW_RETURN_NOT_OK(file->OpenPath());
  return file;
}

LogFile::~LogFile() {
  if (descriptor_ >= 0 && !path_.empty()) ::close(descriptor_);
}

base::Status LogFile::OpenPath() {
  const int opened =
      path_.empty()
          ? STDERR_FILENO
          : ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
  if (opened < 0) {
    const auto status =
        arrow::Status::IOError("").WithDetail(arrow::internal::StatusDetailFromErrno(errno));
    return sources::FileError(status, "write", path_, base::codes::kIo);
  }
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = opened;
  struct stat now = {};
  regular_ = ::fstat(descriptor_, &now) == 0 && S_ISREG(now.st_mode);
  torn_ = false;
  return base::Status::OK();
}

// Opens the file of this name again when it is no longer the one that is open. If that fails, the
// old one goes on being written, and the next look tries again.
void LogFile::FollowName() {
  const auto now = std::chrono::steady_clock::now();
  if (path_.empty() || now - followed_ < kFollowEvery) return;
  followed_ = now;
  struct stat open = {};
  struct stat named = {};
  const bool same = ::fstat(descriptor_, &open) == 0 && ::stat(path_.c_str(), &named) == 0 &&
                    open.st_dev == named.st_dev && open.st_ino == named.st_ino;
  if (!same) static_cast<void>(OpenPath());
}

// How many bytes were written.
size_t LogFile::WriteSome(std::string_view lines) const {
  size_t written = 0;
  while (written < lines.size()) {
    std::string_view piece = lines.substr(written);
    if (!regular_) {
      if (!HasRoom(descriptor_)) break;
      piece = FirstPiece(piece);
    }
    const ssize_t taken = ::write(descriptor_, piece.data(), piece.size());
    if (taken < 0 && (errno == EINTR || (errno == EAGAIN && !regular_))) continue;
    if (taken <= 0) break;
    written += static_cast<size_t>(taken);
  }
  return written;
}

int64_t LogFile::Write(std::string_view lines) {
  FollowName();
  // What follows half a line begins a line of its own.
  if (torn_) torn_ = WriteSome("\n") == 0;
  const size_t written = torn_ ? 0 : WriteSome(lines);
  if (written == lines.size()) return 0;
  torn_ = torn_ || (written > 0 && lines[written - 1] != '\n');
  return std::count(lines.begin() + static_cast<ptrdiff_t>(written), lines.end(), '\n');
}

}  // namespace millrace::serve
