// ListenSocket: a socket that takes connections, TCP or unix, with who is at their other end.
// It blocks nowhere and knows no HTTP.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "serve/http/http_address.h"
#include "serve/http/http_server.h"

namespace millrace::serve {

// A file descriptor that is closed with its owner.
class OwnedDescriptor {
 public:
  OwnedDescriptor() = default;
  explicit OwnedDescriptor(int number) : number_(number) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : number_(other.Release()) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept;
  ~OwnedDescriptor();

  int get() const { return number_; }
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

struct Accepted {
  OwnedDescriptor socket;  // does not block; -1: none is waiting, or error
  Peer peer;
  int error = 0;  // errno, when it was something else than that none is waiting
};

class ListenSocket {
 public:
  // A host is a number or "localhost". A unix socket's file has mode 0600; that of a server that is
  // gone is replaced. Errors: usage, conflict, permission_denied, io_error.
  static base::Result<std::unique_ptr<ListenSocket>> Open(HttpAddress address);
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;
  // Removes the unix socket's file, unless another has taken its place.
  ~ListenSocket();

  const HttpAddress& address() const { return address_; }  // with the port that was chosen for 0
  int descriptor() const { return socket_.get(); }
  Accepted Accept() const;

 private:
  explicit ListenSocket(HttpAddress address) : address_(std::move(address)) {}
  base::Status OpenTcp();
  base::Status OpenUnix();
  base::Status Listen(const std::string& shown);

  HttpAddress address_;
  OwnedDescriptor socket_;
  dev_t device_ = 0;  // and inode: of the unix socket's file
  ino_t inode_ = 0;
};

}  // namespace millrace::serve
