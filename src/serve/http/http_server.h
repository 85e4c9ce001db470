// HttpServer: HTTP/1.1 on TCP, TLS and a unix socket, with limits for everything that a client may
// send or leave out. Knows no routes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "serve/http/event_loop.h"

namespace millrace::serve {

enum class HttpMethod { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };

// Who is at the other end of a connection.
struct Peer {
  enum class Kind { kUnixSocket, kLoopback, kRemote };
  Kind kind = Kind::kRemote;
  std::string address;  // "127.0.0.1:51234", "unix"
};

// What a client sent, whole. Valid during the call of HttpService; what outlives it is copied or
// moved.
struct HttpRequest {
  HttpMethod method = HttpMethod::kOther;
  std::string_view method_text;
  std::string_view target;         // as sent: path and query
  std::string_view authorization;  // of the headers; "" when there is none
  std::string_view content_type;
  std::string_view request_id;  // X-Request-Id
  std::string_view origin;      // of the web page whose browser asks
  std::string body;             // the service may move it away
  const Peer* peer = nullptr;
  int thread = 0;                                  // which of the server's threads this is, from 0
  std::chrono::steady_clock::time_point received;  // its last byte

  std::string_view path() const { return target.substr(0, target.find('?')); }
  std::string_view query() const;  // behind the '?'; "" when there is none
};

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";  // a literal
  std::string body = {};
  // Besides Content-Type, Content-Length, Connection, Date.
  std::vector<std::pair<std::string_view, std::string>> headers = {};
};

// The one answer to a request, from any thread, during the service's call or later. One that is
// destroyed without Send answers 500. Outlives the server without harm.
class HttpReply {
 public:
  // What an answer goes to: a connection, or a test's stand-in for one.
  class Exchange {
   public:
    virtual ~Exchange() = default;
    // Once, from any thread. Status 0: nobody has an answer.
    virtual void Answer(HttpResponse response) = 0;
  };
  explicit HttpReply(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  HttpReply(HttpReply&&) = default;
  HttpReply& operator=(HttpReply&& other) noexcept;
  ~HttpReply();
  void Send(HttpResponse response);

 private:
  std::shared_ptr<Exchange> exchange_;
};

// Called by the server's threads, several at once; must not block for long: what waits is answered
// later.
using HttpService = std::function<void(HttpRequest& request, HttpReply reply)>;

// What the server itself answers, before a service sees a request (400 malformed, 408 too slow, 413
// body too large, 431 header too large, 503 too many connections) gets its body from here.
using HttpErrorBody = std::function<std::string(int status, std::string_view what)>;

struct HttpLimits {
  int64_t body_bytes_max = int64_t{8} << 20;
  int64_t header_bytes_max = 16 << 10;
  int connections_max = 4096;                     // one more is answered 503 and closed
  std::chrono::milliseconds header_time{10'000};  // from a request's first byte to its header's end
  std::chrono::milliseconds body_time{30'000};    // from there to its last byte
  std::chrono::milliseconds idle_time{75'000};    // between requests of a connection
  std::chrono::milliseconds write_time{30'000};   // for a client to take an answer
};

struct HttpServerOptions {
  std::vector<std::string> listen;  // "127.0.0.1:6566", "[::1]:0", "unix:/path" (mode 0600)
  // PEM chain and key; "": no TLS. Both are read again when they change. A unix socket stays plain.
  std::string certificate_file;
  std::string key_file;
  std::vector<EventLoop> loops;  // each run by a thread of the server; none: two of its own
  HttpLimits limits;
  const base::Clock* clock = nullptr;  // for the header Date, which is left out without; outlives
};

// Counters of what services do not see.
struct HttpCounts {
  int64_t connections = 0;  // open now
  int64_t accepted = 0;     // ever
  int64_t refused = 0;      // for connections_max
  int64_t malformed = 0;    // answered 4xx without the service
  int64_t timed_out = 0;    // 408, and who did not take an answer
};

class HttpServer {
 public:
  // Listens when it returns; threads of its own call the service. Errors: usage (an address that
  // does not read), conflict (in use), permission_denied, file_not_found and bad_value
  // (certificate), io_error.
  static base::Result<std::unique_ptr<HttpServer>> Open(const HttpServerOptions& options,
                                                        HttpService service,
                                                        HttpErrorBody error_body);
  // Stops at once what is still open.
  virtual ~HttpServer() = default;

  // By `listen`, with the ports that were chosen for 0: "127.0.0.1:6566", "unix:/path".
  virtual const std::vector<std::string>& addresses() const = 0;
  virtual HttpCounts counts() const = 0;
  // Accepts no more, answers requests that have arrived (with Connection: close), and closes;
  // returns when all are closed or `grace` is over.
  virtual void Stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace millrace::serve
