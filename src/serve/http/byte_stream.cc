#include "serve/http/byte_stream.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace millrace::serve {
namespace {

constexpr size_t kRecordBytes = 16 << 10;  // of a TLS record at most

StreamOutcome PlainOutcome(StreamOutcome waiting) {
  const bool would_block = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return would_block ? waiting : StreamOutcome::kBroken;
}

}  // namespace

ByteStream::ByteStream(int socket, SSL_CTX* tls)
    : socket_(socket),
      is_tls_(tls != nullptr),
      tls_(is_tls_ ? SSL_new(tls) : nullptr, SSL_free),
      broken_(is_tls_ && tls_ == nullptr) {
  if (tls_ != nullptr && SSL_set_fd(tls_.get(), socket) != 1) broken_ = true;
}

StreamOutcome ByteStream::TlsOutcome(int result) {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_NONE:
      return StreamOutcome::kDone;
    case SSL_ERROR_WANT_READ:
      return StreamOutcome::kWantsRead;
    case SSL_ERROR_WANT_WRITE:
      return StreamOutcome::kWantsWrite;
    case SSL_ERROR_ZERO_RETURN:
      return StreamOutcome::kEnd;
    default:
      broken_ = true;
      return StreamOutcome::kBroken;
  }
}

StreamOutcome ByteStream::Handshake() {
  if (broken_) return StreamOutcome::kBroken;
  ERR_clear_error();
  return TlsOutcome(SSL_accept(tls_.get()));
}

StreamOutcome ByteStream::Read(std::span<char> space, size_t* count) {
  if (broken_) return StreamOutcome::kBroken;
  if (is_tls_) {
    ERR_clear_error();
    return TlsOutcome(SSL_read_ex(tls_.get(), space.data(), space.size(), count));
  }
  const ssize_t got = recv(socket_, space.data(), space.size(), 0);
  if (got < 0) return PlainOutcome(StreamOutcome::kWantsRead);
  *count = static_cast<size_t>(got);
  return got == 0 ? StreamOutcome::kEnd : StreamOutcome::kDone;
}

StreamOutcome ByteStream::Write(std::string_view head, std::string_view body, size_t* count) {
  if (broken_) return StreamOutcome::kBroken;
  if (is_tls_) {
    // One record for both where they fit, since each is a packet and a call of its own.
    std::array<char, kRecordBytes> record;
    const size_t of_head = std::min(head.size(), record.size());
    const size_t of_body = std::min(body.size(), record.size() - of_head);
    std::memcpy(record.data(), head.data(), of_head);
    std::memcpy(record.data() + of_head, body.data(), of_body);
    ERR_clear_error();
    return TlsOutcome(SSL_write_ex(tls_.get(), record.data(), of_head + of_body, count));
  }
  std::array<iovec, 2> parts = {iovec{const_cast<char*>(head.data()), head.size()},
                                iovec{const_cast<char*>(body.data()), body.size()}};
  msghdr message = {};
  message.msg_iov = head.empty() ? &parts[1] : parts.data();
  message.msg_iovlen = head.empty() || body.empty() ? 1 : 2;
  const ssize_t sent = sendmsg(socket_, &message, MSG_NOSIGNAL);
  if (sent < 0) return PlainOutcome(StreamOutcome::kWantsWrite);
  *count = static_cast<size_t>(sent);
  return StreamOutcome::kDone;
}

void ByteStream::EndWrites() {
  if (is_tls_ && !broken_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  shutdown(socket_, SHUT_WR);
}

StreamOutcome ByteStream::Discard(std::span<char> space) {
  const ssize_t got = recv(socket_, space.data(), space.size(), 0);
  if (got < 0) return PlainOutcome(StreamOutcome::kWantsRead);
  return got == 0 ? StreamOutcome::kEnd : StreamOutcome::kDone;
}

void ByteStream::ResetOnClose() {
  const linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

}  // namespace millrace::serve
