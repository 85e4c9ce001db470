#include "kv/redis/address.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <string_view>

namespace millrace::kv {
namespace {

constexpr size_t kSocketPathMax = 107;  // sun_path, with its end
constexpr int kPortMax = 65'535;
constexpr int kDatabaseMax = 1'000'000;

base::Status Bad(std::string_view scheme, std::string_view what) {
  const std::string_view form = scheme == "unix" ? "unix:///PATH?db=N" : "HOST:PORT/DB";
  return base::Error(
      base::codes::kBadValue,
      fmt::format("a store '{}:…': {}; expected {}", scheme, what,
                  scheme == "unix" ? std::string(form) : fmt::format("{}://{}", scheme, form)));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Result<std::string> Decode(std::string_view scheme, std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low < 0) return Bad(scheme, "a % that is no %XX");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

base::Result<int> Number(std::string_view scheme, std::string_view what, std::string_view text,
                         int max) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || number > max) {
    return Bad(scheme, fmt::format("{} is no number from 0 to {}", what, max));
  }
  return number;
}

// The part of `*text` before `mark`, which is taken off with it; all of it without one.
std::string_view Take(std::string_view* text, char mark) {
  const size_t at = text->find(mark);
  const std::string_view taken = text->substr(0, at);
  *text = at == std::string_view::npos ? std::string_view() : text->substr(at + 1);
  return taken;
}

base::Status ReadCredentials(std::string_view scheme, std::string_view* rest,
                             RedisAddress* address) {
  const size_t at = rest->rfind('@');
  if (at == std::string_view::npos) return base::Status::OK();
  std::string_view both = rest->substr(0, at);
  *rest = rest->substr(at + 1);
  const size_t colon = both.find(':');
  if (colon == std::string_view::npos) {
    return Bad(scheme, "a user without a password (user:password@, or :password@)");
  }
  ARROW_ASSIGN_OR_RAISE(address->user, Decode(scheme, both.substr(0, colon)));
  ARROW_ASSIGN_OR_RAISE(address->password, Decode(scheme, both.substr(colon + 1)));
  return base::Status::OK();
}

base::Status ReadOptions(std::string_view scheme, std::string_view options,
                         const std::string& folder, RedisAddress* address) {
  while (!options.empty()) {
    std::string_view value = Take(&options, '&');
    const std::string_view name = Take(&value, '=');
    if (name == "db" && address->way == RedisAddress::Way::kUnix) {
      ARROW_ASSIGN_OR_RAISE(address->database, Number(scheme, "db", value, kDatabaseMax));
    } else if (name == "ca" && address->way == RedisAddress::Way::kTls && !value.empty()) {
      ARROW_ASSIGN_OR_RAISE(const std::string file, Decode(scheme, value));
      address->ca_file = (std::filesystem::path(folder) / file).string();
    } else {
      return Bad(scheme, fmt::format("no option '{}' here", name));
    }
  }
  return base::Status::OK();
}

base::Status ReadHost(std::string_view scheme, std::string_view place, RedisAddress* address) {
  std::string_view database = place;
  std::string_view host = Take(&database, '/');
  std::string_view port;
  if (host.starts_with('[')) {  // an IPv6 address
    const size_t end = host.find(']');
    if (end == std::string_view::npos) return Bad(scheme, "a [ without ]");
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
    if (!port.empty() && port[0] != ':') return Bad(scheme, "no port after ]");
    if (!port.empty()) port.remove_prefix(1);
  } else {
    port = host;
    host = Take(&port, ':');
  }
  if (host.empty()) return Bad(scheme, "no host");
  ARROW_ASSIGN_OR_RAISE(address->host, Decode(scheme, host));
  if (!port.empty()) {
    ARROW_ASSIGN_OR_RAISE(address->port, Number(scheme, "the port", port, kPortMax));
  }
  if (!database.empty()) {
    ARROW_ASSIGN_OR_RAISE(address->database,
                          Number(scheme, "the database", database, kDatabaseMax));
  }
  address->shown = fmt::format("{}://{}:{}/{}", scheme, host, address->port, address->database);
  return base::Status::OK();
}

}  // namespace

base::Result<RedisAddress> ParseRedisUrl(const std::string& url, const std::string& folder) {
  using Way = RedisAddress::Way;
  std::string_view rest = url;
  const std::string_view scheme = Take(&rest, ':');
  RedisAddress address;
  address.way = scheme == "unix" ? Way::kUnix : scheme == "rediss" ? Way::kTls : Way::kTcp;
  if (!rest.starts_with("//")) return Bad(scheme, "no // after it");
  rest.remove_prefix(2);
  ARROW_RETURN_NOT_OK(ReadCredentials(scheme, &rest, &address));
  const std::string_view place = Take(&rest, '?');
  ARROW_RETURN_NOT_OK(ReadOptions(scheme, rest, folder, &address));
  if (address.way != Way::kUnix) {
    ARROW_RETURN_NOT_OK(ReadHost(scheme, place, &address));
    return address;
  }
  ARROW_ASSIGN_OR_RAISE(address.path, Decode(scheme, place));
  if (!address.path.starts_with('/')) return Bad(scheme, "no absolute path");
  if (address.path.size() > kSocketPathMax) {
    return Bad(scheme, fmt::format("a path of over {} bytes", kSocketPathMax));
  }
  address.shown = fmt::format("unix://{}?db={}", address.path, address.database);
  return address;
}

}  // namespace millrace::kv
