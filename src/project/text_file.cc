// Reading of small files.
#include "project/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace millrace::project {
namespace {

constexpr size_t kBytesMax = 16 << 20;

base::Status ErrorOf(int number, const std::string& path) {
  const base::Code code = number == ENOENT || number == ENOTDIR ? base::codes::kNotFound
                          : number == EACCES || number == EPERM ? base::codes::kPermission
                                                                : base::codes::kIo;
  return base::Error({.code = code,
                      .message = "cannot read the file: " + std::string(std::strerror(number)),
                      .place = {path, 0, 0}});
}

}  // namespace

base::Result<std::string> ReadTextFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return ErrorOf(errno, path);
  struct stat found{};
  if (::fstat(file, &found) != 0 || !S_ISREG(found.st_mode)) {
    ::close(file);
    return base::Error({.code = base::codes::kIo, .message = "not a file", .place = {path, 0, 0}});
  }
  std::string text;
  char block[65536];
  while (true) {
    const ssize_t got = ::read(file, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    const int number = errno;
    if (got <= 0 || text.size() > kBytesMax) {
      ::close(file);
      if (got < 0) return ErrorOf(number, path);
      break;
    }
    text.append(block, static_cast<size_t>(got));
  }
  if (text.size() > kBytesMax) {
    return base::Error({.code = base::codes::kBadValue,
                        .message = "the file is larger than 16 MiB",
                        .place = {path, 0, 0}});
  }
  return text;
}

}  // namespace millrace::project
