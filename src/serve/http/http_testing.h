// For tests: a server whose service is chosen by a test, and a client that sends any bytes.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "serve/http/http_address.h"
#include "serve/http/http_server.h"

namespace millrace::serve {

using std::chrono::milliseconds;

// Longer than anything that is expected to happen takes, with sanitizers too.
inline constexpr int kPatienceMillis = 10'000;

inline std::string TextError(int status, std::string_view what) {
  return std::to_string(status) + " " + std::string(what);
}

// Answers "METHOD target [body]".
inline void Echo(HttpRequest& request, HttpReply reply) {
  reply.Send({.content_type = "text/plain",
              .body = std::string(request.method_text) + " " + std::string(request.target) + " [" +
                      request.body + "]"});
}

inline std::unique_ptr<HttpServer> OpenServer(HttpServerOptions options,
                                              HttpService service = Echo) {
  if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
  auto server = HttpServer::Open(options, std::move(service), TextError);
  EXPECT_TRUE(server.ok()) << server.status().ToString();
  return server.ok() ? *std::move(server) : nullptr;
}

inline std::unique_ptr<HttpServer> OpenServer(HttpService service = Echo) {
  return OpenServer(HttpServerOptions(), std::move(service));
}

class RawClient {
 public:
  explicit RawClient(const std::string& address) {
    const HttpAddress parsed = *ParseHttpAddress(address);
    int failed = -1;
    if (parsed.is_unix()) {
      sockaddr_un name = {};
      name.sun_family = AF_UNIX;
      std::memcpy(name.sun_path, parsed.path.data(), parsed.path.size());
      socket_ = socket(AF_UNIX, SOCK_STREAM, 0);
      failed = connect(socket_, reinterpret_cast<sockaddr*>(&name), sizeof(name));
    } else if (parsed.host.find(':') != std::string::npos) {
      sockaddr_in6 name = {};
      name.sin6_family = AF_INET6;
      name.sin6_port = htons(parsed.port);
      inet_pton(AF_INET6, parsed.host.c_str(), &name.sin6_addr);
      socket_ = socket(AF_INET6, SOCK_STREAM, 0);
      failed = connect(socket_, reinterpret_cast<sockaddr*>(&name), sizeof(name));
    } else {
      sockaddr_in name = {};
      name.sin_family = AF_INET;
      name.sin_port = htons(parsed.port);
      inet_pton(AF_INET, parsed.host.c_str(), &name.sin_addr);
      socket_ = socket(AF_INET, SOCK_STREAM, 0);
      failed = connect(socket_, reinterpret_cast<sockaddr*>(&name), sizeof(name));
    }
    EXPECT_EQ(failed, 0) << address << ": " << std::generic_category().message(errno);
  }
  explicit RawClient(const std::unique_ptr<HttpServer>& server)
      : RawClient(server->addresses().front()) {}
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), bytes_(std::move(other.bytes_)) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() { Close(); }

  int descriptor() const { return socket_; }

  void Close() {
    if (socket_ >= 0) close(std::exchange(socket_, -1));
  }
  // The other end hears of a reset.
  void Reset() {
    const linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    Close();
  }
  void EndWrites() { shutdown(socket_, SHUT_WR); }

  // False when the connection is broken.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // What comes until the other end closes, or `time` has passed ("…" at its end).
  std::string ReadAll(int millis = kPatienceMillis) {
    std::string all = std::exchange(bytes_, "");
    while (Receive(&all, millis)) {
    }
    if (!ended_) all += "…";
    return all;
  }

  // Whether the other end closes, or resets, without a byte.
  bool IsClosed(int millis = kPatienceMillis) { return ReadAll(millis).empty(); }

  // One response with a Content-Length: head and body. What is behind it is kept. `head`: has no
  // body.
  std::string ReadResponse(bool head = false) {
    size_t end = 0;
    while ((end = bytes_.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive(&bytes_, kPatienceMillis)) return std::exchange(bytes_, "") + "…";
    }
    end += 4;
    const size_t length = bytes_.find("Content-Length: ");
    if (length < end && !head) end += std::strtoul(bytes_.c_str() + length + 16, nullptr, 10);
    while (bytes_.size() < end) {
      if (!Receive(&bytes_, kPatienceMillis)) return std::exchange(bytes_, "") + "…";
    }
    const std::string response = bytes_.substr(0, end);
    bytes_.erase(0, end);
    return response;
  }

  std::string Ask(std::string_view request) {
    Send(request);
    return ReadResponse();
  }

 private:
  bool Receive(std::string* to, int millis) {
    pollfd waited = {.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, millis) <= 0) return false;
    char buffer[16384];
    const ssize_t got = recv(socket_, buffer, sizeof(buffer), 0);
    if (got <= 0) {
      ended_ = true;
      reset_ = got < 0;
      return false;
    }
    to->append(buffer, static_cast<size_t>(got));
    return true;
  }

  int socket_ = -1;
  std::string bytes_;
  bool ended_ = false;
  bool reset_ = false;
};

inline int StatusOf(std::string_view response) {
  return response.starts_with("HTTP/1.1 ")
             ? static_cast<int>(std::strtol(response.data() + 9, nullptr, 10))
             : 0;
}

inline std::string_view BodyOf(std::string_view response) {
  const size_t end = response.find("\r\n\r\n");
  return end == std::string_view::npos ? "" : response.substr(end + 4);
}

// Until it is true, or patience is over.
inline bool Eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < kPatienceMillis / 10; ++i) {
    if (holds()) return true;
    usleep(10'000);
  }
  return holds();
}

// Replies that a service keeps, until a test has use for them; the oldest first.
class HeldReplies {
 public:
  void Hold(HttpReply reply) {
    const std::lock_guard lock(mutex_);
    replies_.push_back(std::move(reply));
  }
  bool WaitFor(size_t count) {
    return Eventually([&] {
      const std::lock_guard lock(mutex_);
      return replies_.size() == count;
    });
  }
  // REQUIRES: there is one.
  HttpReply Take() {
    const std::lock_guard lock(mutex_);
    HttpReply reply = std::move(replies_.front());
    replies_.pop_front();
    return reply;
  }

 private:
  std::mutex mutex_;
  std::deque<HttpReply> replies_;
};

}  // namespace millrace::serve
