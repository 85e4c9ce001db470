#include "cli/line_feed.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace millrace::cli {
namespace {

constexpr size_t kReadBytes = size_t{1} << 18;
constexpr size_t kBatchBytes = size_t{16} << 20;
constexpr size_t kLineBytesMax = size_t{256} << 20;
constexpr int kPollMillis = 500;  // a signal that came just before a wait is seen after it

std::atomic<bool> stopped = false;
struct sigaction interrupt_before;
struct sigaction terminate_before;

void Stop(int) {
  stopped = true;
}

// What waits is woken, what reads or writes goes on.
void NoteSignals() {
  stopped = false;
  struct sigaction action = {};
  action.sa_handler = Stop;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &interrupt_before);
  sigaction(SIGTERM, &action, &terminate_before);
}

void RestoreSignals() {
  sigaction(SIGINT, &interrupt_before, nullptr);
  sigaction(SIGTERM, &terminate_before, nullptr);
}

base::Code CodeOf(int error) {
  if (error == ENOENT) return base::codes::kNotFound;
  return error == EACCES ? base::codes::kPermission : base::codes::kIo;
}

}  // namespace

base::Result<LineFeed> LineFeed::Open(const std::string& path) {
  int descriptor = STDIN_FILENO;
  if (path != "-") {
    descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
      return base::Error(CodeOf(errno),
                         fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    }
  }
  NoteSignals();
  return LineFeed(descriptor);
}

LineFeed::LineFeed(LineFeed&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(std::move(other.bytes_)),
      next_(other.next_),
      searched_(other.searched_),
      at_end_(other.at_end_),
      line_(other.line_) {}

LineFeed::~LineFeed() {
  if (descriptor_ < 0) return;
  if (descriptor_ != STDIN_FILENO) ::close(descriptor_);
  RestoreSignals();
}

bool LineFeed::Stopped() {
  return stopped;
}

base::Result<bool> LineFeed::Readable(bool wait) const {
  while (true) {
    pollfd one = {.fd = descriptor_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&one, 1, wait ? kPollMillis : 0);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) {
      return base::Error(base::codes::kIo,
                         fmt::format("cannot wait for input: {}", std::strerror(errno)));
    }
    if (!wait || Stopped()) return false;
  }
}

base::Status LineFeed::Read() {
  const size_t before = bytes_.size();
  bytes_.resize(before + kReadBytes);
  ssize_t read = -1;
  do {
    read = ::read(descriptor_, bytes_.data() + before, kReadBytes);
  } while (read < 0 && errno == EINTR);
  const int error = errno;
  bytes_.resize(before + (read > 0 ? static_cast<size_t>(read) : 0));
  if (read < 0) {
    return base::Error(CodeOf(error), fmt::format("cannot read: {}", std::strerror(error)));
  }
  if (read == 0) at_end_ = true;
  return base::Status::OK();
}

// Notes a line's place; the views are made when bytes_ grows no more.
bool LineFeed::TakeLine(LineBatch* batch) {
  const size_t end = bytes_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = bytes_.size();
    if (!at_end_ || next_ == bytes_.size()) return false;
  }
  const size_t stop = end == std::string::npos ? bytes_.size() : end;
  size_t length = stop - next_;
  if (length > 0 && bytes_[next_ + length - 1] == '\r') --length;
  batch->lines.emplace_back(bytes_.data() + next_, length);
  next_ = end == std::string::npos ? bytes_.size() : end + 1;
  searched_ = next_;
  ++line_;
  return true;
}

base::Result<LineBatch> LineFeed::Next(size_t lines_max) {
  bytes_.erase(0, next_);
  searched_ -= next_;
  next_ = 0;
  LineBatch batch;
  batch.first_line = line_;
  // Enough bytes first: views into them must not move.
  size_t lines = 0;
  size_t counted = 0;
  while (!at_end_ && !Stopped()) {
    for (; counted < bytes_.size(); ++counted) {
      const void* found = std::memchr(bytes_.data() + counted, '\n', bytes_.size() - counted);
      if (found == nullptr) {
        counted = bytes_.size();
        break;
      }
      counted = static_cast<size_t>(static_cast<const char*>(found) - bytes_.data());
      ++lines;
    }
    if (lines >= lines_max || (lines > 0 && bytes_.size() >= kBatchBytes)) break;
    if (bytes_.size() > kLineBytesMax) {
      return base::Error(base::codes::kBadValue,
                         fmt::format("line {} has over {} bytes", line_, kLineBytesMax));
    }
    ARROW_ASSIGN_OR_RAISE(const bool readable, Readable(lines == 0));
    if (!readable) break;
    ARROW_RETURN_NOT_OK(Read());
  }
  if (Stopped()) return batch;
  while (batch.lines.size() < lines_max && TakeLine(&batch)) {
  }
  return batch;
}

}  // namespace millrace::cli
