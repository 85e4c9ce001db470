#include "kv/embedded/owner_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "kv/embedded/system_error.h"

namespace millrace::kv {
namespace {

constexpr auto kPause = std::chrono::milliseconds(20);

// The process that the file names; "" while its owner has not written it yet.
std::string OwnerIn(int file) {
  char text[24];
  const ssize_t size = ::pread(file, text, sizeof text, 0);
  std::string_view digits(text, size > 0 ? static_cast<size_t>(size) : 0);
  return std::string(digits.substr(0, digits.find_first_not_of("0123456789")));
}

base::Status Owned(const std::string& folder, int file, int wait_seconds) {
  const std::string owner = OwnerIn(file);
  return base::Error(
      {.code = base::codes::kStoreOwned,
       .message = fmt::format("store {}: process {} has had it for the last {} s", folder,
                              owner.empty() ? "(unknown)" : owner, wait_seconds),
       .hint = "one process at a time writes it; wait for it, or stop it"});
}

int WriteOwner(int file) {
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file, 0) != 0) return errno;
  const ssize_t written = ::pwrite(file, text.data(), text.size(), 0);
  if (written < 0) return errno;
  return written == static_cast<ssize_t>(text.size()) ? 0 : ENOSPC;
}

}  // namespace

base::Result<OwnerLock> OwnerLock::Take(const std::string& folder, int wait_seconds) {
  const std::string path = folder + "/owner.lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) return StoreError(errno, "write", path);
  OwnerLock lock(file);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(wait_seconds);
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return StoreError(errno, "lock", path);
    if (std::chrono::steady_clock::now() >= until) return Owned(folder, file, wait_seconds);
    std::this_thread::sleep_for(kPause);
  }
  if (const int error = WriteOwner(file); error != 0) return StoreError(error, "write", path);
  return lock;
}

OwnerLock::~OwnerLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace millrace::kv
