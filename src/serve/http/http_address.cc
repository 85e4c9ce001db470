#include "serve/http/http_address.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>

namespace millrace::serve {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

base::Status Unreadable(std::string_view text, std::string_view why) {
  return base::Error({.code = base::codes::kUsage,
                      .message = fmt::format("address '{}': {}", text, why),
                      .hint = "such as 127.0.0.1:6566, [::1]:6566 or unix:/run/millrace.sock"});
}

}  // namespace

std::string HttpAddress::ToString() const {
  if (is_unix()) return fmt::format("{}{}", kUnixPrefix, path);
  const bool brackets = host.find(':') != std::string::npos;
  return brackets ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

base::Result<HttpAddress> ParseHttpAddress(std::string_view text) {
  HttpAddress address;
  if (text.starts_with(kUnixPrefix)) {
    address.path = text.substr(kUnixPrefix.size());
    if (address.path.empty()) return Unreadable(text, "no path");
    if (address.path.size() >= sizeof(sockaddr_un::sun_path)) {
      return Unreadable(text,
                        fmt::format("a path of over {} bytes", sizeof(sockaddr_un::sun_path) - 1));
    }
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Unreadable(text, "no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return Unreadable(text, "an IPv6 address stands in brackets");
  }
  if (host.empty()) return Unreadable(text, "no host");
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size()) {
    return Unreadable(text, "no port from 0 to 65535");
  }
  address.host = host;
  return address;
}

}  // namespace millrace::serve
