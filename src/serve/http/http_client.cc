#include "serve/http/http_client.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>

#include "serve/http/http_address.h"
#include "serve/http/listen_socket.h"

namespace millrace::serve {
namespace {

namespace codes = base::codes;
namespace http = boost::beast::http;
using BeastError = boost::beast::error_code;
using BeastText = boost::beast::string_view;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kConnectTime{5};

class ResponseParser final : public http::basic_parser<false> {
 public:
  ResponseParser() {
    body_limit(boost::none);
    header_limit(1 << 20);
    eager(true);
  }
  ClientResponse response;

 private:
  void on_response_impl(int status, BeastText, int, BeastError&) override {
    response.status = status;
  }
  void on_field_impl(http::field field, BeastText, BeastText value, BeastError&) override {
    if (field == http::field::content_type)
      response.content_type.assign(value.data(), value.size());
  }
  size_t on_body_impl(BeastText bytes, BeastError&) override {
    response.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  size_t on_chunk_body_impl(uint64_t, BeastText bytes, BeastError& error) override {
    return on_body_impl(bytes, error);
  }
  void on_request_impl(http::verb, BeastText, BeastText, int, BeastError&) override {}
  void on_header_impl(BeastError&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, BeastError&) override {}
  void on_chunk_header_impl(uint64_t, BeastText, BeastError&) override {}
  void on_finish_impl(BeastError&) override {}
};

// Whether the socket is ready before `end`.
bool WaitFor(int socket, short events, Steady::time_point end) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Steady::now()).count();
    if (left <= 0) return false;
    pollfd waited = {.fd = socket, .events = events, .revents = 0};
    const int time = static_cast<int>(std::min<int64_t>(left, std::numeric_limits<int>::max()));
    const int ready = poll(&waited, 1, time);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

class SocketClient final : public HttpClient {
 public:
  explicit SocketClient(HttpAddress address) : address_(std::move(address)) {}

  base::Result<ClientResponse> Call(std::string_view method, std::string_view target,
                                    std::string_view body,
                                    std::chrono::milliseconds time) override {
    const auto end = Steady::now() + time;
    // That it was closed in the meantime is seen before anything is sent, while it does no harm.
    char byte = 0;
    if (socket_.get() >= 0 && recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) {
      socket_ = OwnedDescriptor();
    }
    if (socket_.get() < 0) ARROW_RETURN_NOT_OK(Reach(std::min(end, Steady::now() + kConnectTime)));
    std::string bytes = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method, target,
                                    address_.is_unix() ? "localhost" : address_.ToString());
    if (!body.empty() || method == "POST" || method == "PUT") {
      bytes += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
    }
    bytes.append("\r\n").append(body);
    const base::Status sent = Send(bytes, end);
    // A server may answer, and close, before it has read all.
    base::Result<ClientResponse> response = Receive(method == "HEAD", end);
    if (!response.ok()) socket_ = OwnedDescriptor();
    return response.ok() || sent.ok() ? response : sent;
  }

  base::Status Reach(Steady::time_point end);

 private:
  base::Status Unavailable(std::string_view why) const {
    return base::Error(codes::kStoreUnavailable,
                       fmt::format("server {}: {}", address_.ToString(), why));
  }
  base::Status Try(const sockaddr* name, socklen_t size, Steady::time_point end);
  base::Status Send(std::string_view bytes, Steady::time_point end);
  base::Result<ClientResponse> Receive(bool head, Steady::time_point end);

  HttpAddress address_;
  OwnedDescriptor socket_;
  std::array<char, 64 << 10> in_;
};

base::Status SocketClient::Reach(Steady::time_point end) {
  if (address_.is_unix()) {
    sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, address_.path.data(), address_.path.size());
    return Try(reinterpret_cast<const sockaddr*>(&name), sizeof(name), end);
  }
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address_.port);
  const int failed = getaddrinfo(address_.host.c_str(), port.c_str(), &wanted, &found);
  if (failed != 0) return Unavailable(gai_strerror(failed));
  base::Status status = Unavailable("no address");
  for (const addrinfo* one = found; one != nullptr && !status.ok(); one = one->ai_next) {
    status = Try(one->ai_addr, one->ai_addrlen, end);
  }
  freeaddrinfo(found);
  return status;
}

base::Status SocketClient::Try(const sockaddr* name, socklen_t size, Steady::time_point end) {
  OwnedDescriptor made(socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (made.get() < 0) return Unavailable(std::generic_category().message(errno));
  int error = connect(made.get(), name, size) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    if (!WaitFor(made.get(), POLLOUT, end)) return Unavailable("it does not answer");
    socklen_t bytes = sizeof(error);
    getsockopt(made.get(), SOL_SOCKET, SO_ERROR, &error, &bytes);
  }
  if (error != 0) return Unavailable(std::generic_category().message(error));
  const int on = 1;
  if (!address_.is_unix()) setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  socket_ = std::move(made);
  return base::Status::OK();
}

base::Status SocketClient::Send(std::string_view bytes, Steady::time_point end) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return Unavailable(std::generic_category().message(errno));
    } else if (!WaitFor(socket_.get(), POLLOUT, end)) {
      return Unavailable("it does not take the request in time");
    }
  }
  return base::Status::OK();
}

base::Result<ClientResponse> SocketClient::Receive(bool head, Steady::time_point end) {
  std::string bytes;  // not yet taken
  ResponseParser parser;
  parser.skip(head);
  while (!parser.is_done()) {
    const ssize_t got = recv(socket_.get(), in_.data(), in_.size(), 0);
    const int why = errno;
    BeastError error;
    if (got > 0) {
      bytes.append(in_.data(), static_cast<size_t>(got));
      bytes.erase(0, parser.put({bytes.data(), bytes.size()}, error));
      if (error == http::error::need_more) error = {};
    } else if (got == 0) {
      if (!parser.got_some()) return Unavailable("the connection was closed before an answer");
      parser.put_eof(error);
      if (error == http::error::partial_message) {
        return Unavailable("the connection was closed within an answer");
      }
    } else if (why != EAGAIN && why != EINTR) {
      return Unavailable(std::generic_category().message(why));
    } else if (!WaitFor(socket_.get(), POLLIN, end)) {
      return Unavailable("no answer in time");
    }
    if (error) {
      return base::Error(codes::kIo, fmt::format("server {}: its answer is not HTTP: {}",
                                                 address_.ToString(), error.message()));
    }
  }
  if (!parser.keep_alive() || !bytes.empty()) socket_ = OwnedDescriptor();
  return std::move(parser.response);
}

}  // namespace

base::Result<std::unique_ptr<HttpClient>> HttpClient::Connect(const std::string& address) {
  ARROW_ASSIGN_OR_RAISE(HttpAddress parsed, ParseHttpAddress(address));
  auto client = std::make_unique<SocketClient>(std::move(parsed));
  ARROW_RETURN_NOT_OK(client->Reach(Steady::now() + kConnectTime));
  return client;
}

}  // namespace millrace::serve
