#include "serve/access/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace millrace::serve {
namespace {

namespace codes = base::codes;

constexpr size_t kBytesMax = 1 << 20;
constexpr mode_t kOfOthers = S_IRWXG | S_IRWXO;

// An open file, closed with the object.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }
  int number() const { return file_; }

 private:
  const int file_;
};

base::Status ErrorAt(const std::string& path, base::Code code, std::string message) {
  return base::Error({.code = code, .message = std::move(message), .place = {path, 0, 0}});
}

base::Status SystemError(const std::string& path, int number) {
  const base::Code code = number == ENOENT || number == ENOTDIR ? codes::kNotFound
                          : number == EACCES || number == EPERM ? codes::kPermission
                                                                : codes::kIo;
  return ErrorAt(path, code, fmt::format("cannot read the file: {}", std::strerror(number)));
}

base::Status CheckMode(const std::string& path, mode_t mode) {
  if ((mode & kOfOthers) == 0) return base::Status::OK();
  return base::Error({.code = codes::kBadValue,
                      .message = fmt::format("others may read or write the file: its mode is "
                                             "{:04o}; expected one that its user alone has",
                                             mode & 07777),
                      .place = {path, 0, 0},
                      .hint = fmt::format("chmod 600 {}", path)});
}

}  // namespace

base::Result<std::string> ReadSecretFile(const std::string& path) {
  const OpenFile file(path);
  if (file.number() < 0) return SystemError(path, errno);
  struct stat found{};
  if (::fstat(file.number(), &found) != 0) return SystemError(path, errno);
  if (!S_ISREG(found.st_mode)) return ErrorAt(path, codes::kIo, "not a file");
  // Of what was opened, not of what may stand there a moment later.
  ARROW_RETURN_NOT_OK(CheckMode(path, found.st_mode));
  std::string text;
  std::array<char, 16384> block{};
  while (text.size() <= kBytesMax) {
    const ssize_t got = ::read(file.number(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError(path, errno);
    if (got == 0) return text;
    text.append(block.data(), static_cast<size_t>(got));
  }
  return ErrorAt(path, codes::kBadValue, "the file is larger than 1 MiB");
}

}  // namespace millrace::serve
