#include "serve/http/listen_socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace millrace::serve {
namespace {

namespace codes = base::codes;

constexpr int kWaiting = 1024;  // connections that the system keeps until they are accepted

base::Status SocketError(int error, const std::string& address) {
  base::Code code = codes::kIo;
  if (error == EADDRINUSE) code = codes::kConflict;
  if (error == EACCES || error == EPERM) code = codes::kPermission;
  return base::Error(code, fmt::format("cannot listen on {}: {}", address,
                                       std::generic_category().message(error)));
}

sockaddr_un UnixName(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  return name;
}

template <typename Name>
const sockaddr* Plain(const Name* name) {
  return reinterpret_cast<const sockaddr*>(name);
}

// Whether the file is a socket that nobody listens to.
bool IsStale(const std::string& path) {
  struct stat file = {};
  if (lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const OwnedDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.get() < 0) return false;
  const sockaddr_un name = UnixName(path);
  return connect(probe.get(), Plain(&name), sizeof(name)) != 0 && errno == ECONNREFUSED;
}

Peer PeerOf(const sockaddr_storage& name) {
  Peer peer;
  char text[INET6_ADDRSTRLEN] = {};
  if (name.ss_family == AF_UNIX) return {Peer::Kind::kUnixSocket, "unix"};
  uint16_t port = 0;
  in_addr v4 = {};
  bool is_v4 = name.ss_family == AF_INET;
  bool loopback = false;
  if (is_v4) {
    const auto& internet = reinterpret_cast<const sockaddr_in&>(name);
    v4 = internet.sin_addr;
    port = ntohs(internet.sin_port);
  } else {
    const auto& internet = reinterpret_cast<const sockaddr_in6&>(name);
    port = ntohs(internet.sin6_port);
    is_v4 = IN6_IS_ADDR_V4MAPPED(&internet.sin6_addr);
    if (is_v4) std::memcpy(&v4, internet.sin6_addr.s6_addr + 12, sizeof(v4));
    loopback = IN6_IS_ADDR_LOOPBACK(&internet.sin6_addr);
    inet_ntop(AF_INET6, &internet.sin6_addr, text, sizeof(text));
    peer.address = fmt::format("[{}]:{}", text, port);
  }
  if (is_v4) {
    loopback = (ntohl(v4.s_addr) >> 24) == 127;
    inet_ntop(AF_INET, &v4, text, sizeof(text));
    peer.address = fmt::format("{}:{}", text, port);
  }
  peer.kind = loopback ? Peer::Kind::kLoopback : Peer::Kind::kRemote;
  return peer;
}

}  // namespace

OwnedDescriptor& OwnedDescriptor::operator=(OwnedDescriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

OwnedDescriptor::~OwnedDescriptor() {
  if (number_ >= 0) close(number_);
}

base::Result<std::unique_ptr<ListenSocket>> ListenSocket::Open(HttpAddress address) {
  std::unique_ptr<ListenSocket> listening(new ListenSocket(std::move(address)));
  ARROW_RETURN_NOT_OK(listening->address_.is_unix() ? listening->OpenUnix() : listening->OpenTcp());
  return listening;
}

ListenSocket::~ListenSocket() {
  struct stat file = {};
  if (inode_ != 0 && lstat(address_.path.c_str(), &file) == 0 && file.st_ino == inode_ &&
      file.st_dev == device_) {
    unlink(address_.path.c_str());
  }
}

base::Status ListenSocket::OpenTcp() {
  const std::string shown = address_.ToString();
  const std::string host = address_.host == "localhost" ? "127.0.0.1" : address_.host;
  sockaddr_in v4 = {};
  sockaddr_in6 v6 = {};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address_.port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address_.port);
  const bool is_v6 = inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1;
  if (!is_v6 && inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) {
    return base::Error(
        codes::kUsage,
        fmt::format("address '{}': a server listens on a number, not a name", shown));
  }
  const int family = is_v6 ? AF_INET6 : AF_INET;
  socket_ = OwnedDescriptor(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket_.get() < 0) return SocketError(errno, shown);
  const int on = 1;
  setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // Connections inherit it.
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (is_v6) {
    const int off = 0;  // "[::]" takes IPv4 too, whatever the system's default is
    setsockopt(socket_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  const sockaddr* name = is_v6 ? Plain(&v6) : Plain(&v4);
  if (bind(socket_.get(), name, is_v6 ? sizeof(v6) : sizeof(v4)) != 0) {
    return SocketError(errno, shown);
  }
  ARROW_RETURN_NOT_OK(Listen(shown));
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  address_.port = ntohs(is_v6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                              : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return base::Status::OK();
}

base::Status ListenSocket::OpenUnix() {
  const std::string shown = address_.ToString();
  socket_ = OwnedDescriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket_.get() < 0) return SocketError(errno, shown);
  const sockaddr_un name = UnixName(address_.path);
  int failed = bind(socket_.get(), Plain(&name), sizeof(name));
  if (failed != 0 && errno == EADDRINUSE) {
    if (!IsStale(address_.path)) return SocketError(EADDRINUSE, shown);
    unlink(address_.path.c_str());
    failed = bind(socket_.get(), Plain(&name), sizeof(name));
  }
  if (failed != 0) return SocketError(errno, shown);
  struct stat file = {};
  // Nobody can connect before Listen, so nobody ever has by the mode that bind gave.
  if (chmod(address_.path.c_str(), 0600) != 0 || lstat(address_.path.c_str(), &file) != 0) {
    const int error = errno;
    unlink(address_.path.c_str());
    return SocketError(error, shown);
  }
  device_ = file.st_dev;
  inode_ = file.st_ino;
  return Listen(shown);
}

base::Status ListenSocket::Listen(const std::string& shown) {
  if (listen(socket_.get(), kWaiting) != 0) return SocketError(errno, shown);
  return base::Status::OK();
}

Accepted ListenSocket::Accept() const {
  Accepted accepted;
  sockaddr_storage name = {};
  socklen_t size = sizeof(name);
  accepted.socket = OwnedDescriptor(accept4(socket_.get(), reinterpret_cast<sockaddr*>(&name),
                                            &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (accepted.socket.get() >= 0) {
    if (address_.is_unix()) name.ss_family = AF_UNIX;
    accepted.peer = PeerOf(name);
  } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
    accepted.error = errno;
  }
  return accepted;
}

}  // namespace millrace::serve
