#include "serve/owner_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <utility>

#include "kv/store.h"

namespace millrace::serve {

namespace {

constexpr const char* kName = "owner.sock";

}  // namespace

base::Result<OwnerSocket> OwnerSocket::Of(const project::Project& project) {
  ARROW_ASSIGN_OR_RAISE(const std::string url, project.Expand(project.online));
  const std::optional<std::string> store = kv::EmbeddedFolder(url, project.folder);
  if (!store.has_value()) return OwnerSocket("", -1);
  const int folder = open(store->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    return base::Error(base::codes::kNotFound, fmt::format("{}: {}", *store, std::strerror(errno)));
  }
  return OwnerSocket(fmt::format("{}/{}", *store, kName), folder);
}

OwnerSocket::OwnerSocket(OwnerSocket&& other) noexcept
    : path_(std::move(other.path_)), folder_(std::exchange(other.folder_, -1)) {}

OwnerSocket& OwnerSocket::operator=(OwnerSocket&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(folder_, other.folder_);
  return *this;
}

OwnerSocket::~OwnerSocket() {
  if (folder_ >= 0) close(folder_);
}

// A long path does not fit into a socket's address; one through the opened folder does.
std::string OwnerSocket::address() const {
  if (path_.size() < sizeof(sockaddr_un::sun_path)) return "unix:" + path_;
  return fmt::format("unix:/proc/self/fd/{}/{}", folder_, kName);
}

}  // namespace millrace::serve
