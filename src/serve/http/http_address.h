// HttpAddress: where a server listens, or a client calls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::serve {

struct HttpAddress {
  std::string path;  // of a unix socket; "": TCP
  std::string host;  // as written, without brackets
  uint16_t port = 0;

  bool is_unix() const { return !path.empty(); }
  std::string ToString() const;  // as it is parsed
};

// "127.0.0.1:6566", "[::1]:0", "host:80" or "unix:/path" (a path of at most 107 bytes). Error:
// usage.
base::Result<HttpAddress> ParseHttpAddress(std::string_view text);

}  // namespace millrace::serve
