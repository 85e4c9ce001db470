// ByteStream: bytes over a connected socket that does not block, plain or by TLS. Waiting is its
// caller's.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace millrace::serve {

enum class StreamOutcome {
  kDone,
  kWantsRead,   // to go on when the socket can be read
  kWantsWrite,  // or written
  kEnd,         // the other end sends no more
  kBroken,
};

// For one thread, in which SIGPIPE is blocked: OpenSSL writes without asking for none.
class ByteStream {
 public:
  // `socket` stays the caller's, who closes it after this. `tls`: nullptr for none.
  ByteStream(int socket, SSL_CTX* tls);

  bool is_tls() const { return is_tls_; }
  StreamOutcome Handshake();
  // At least one byte when it is done.
  StreamOutcome Read(std::span<char> space, size_t* count);
  // Whether there are bytes to read that the socket no longer has.
  bool Holds() const { return tls_ != nullptr && SSL_pending(tls_.get()) > 0; }
  // Some of `head`, then of `body`; `count` bytes of both when it is done.
  StreamOutcome Write(std::string_view head, std::string_view body, size_t* count);
  // Says that nothing more comes; Discard then takes what the other end still sends.
  void EndWrites();
  StreamOutcome Discard(std::span<char> space);
  // The close that follows drops what was not yet sent, and tells the other end of it.
  void ResetOnClose();

 private:
  StreamOutcome TlsOutcome(int result);

  int socket_;
  bool is_tls_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_;
  bool broken_;  // nothing goes any more, not even TLS' goodbye
};

}  // namespace millrace::serve
