// HttpClient: one connection to a feature server, calls one after the other: how commands reach the
// process that owns the store. Speaks no TLS. Boost.Beast is in its .cc alone.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::serve {

struct ClientResponse {
  int status = 0;
  std::string content_type;
  std::string body;
};

// For one thread.
class HttpClient {
 public:
  // "127.0.0.1:6566", "host:6566" or "unix:/path". Errors: usage (an address that does not read),
  // store_unavailable (nobody listens there).
  static base::Result<std::unique_ptr<HttpClient>> Connect(const std::string& address);
  virtual ~HttpClient() = default;
  // Connects again when the server has closed the connection since the last call. Errors:
  // store_unavailable (the connection broke, or the time is over: the server may have done it),
  // io_error (an answer that is not HTTP). `time`: until the whole answer is there.
  virtual base::Result<ClientResponse> Call(std::string_view method, std::string_view target,
                                            std::string_view body,
                                            std::chrono::milliseconds time) = 0;
};

}  // namespace millrace::serve
