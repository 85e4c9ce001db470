// OpenStore: which engine a URL names. What a store does that has no more to say.
#include <fmt/format.h>

#include <filesystem>

#include "kv/async_reader.h"
#include "kv/embedded/embedded_store.h"
#include "kv/redis/redis_store.h"
#include "kv/store.h"

namespace millrace::kv {
namespace {

namespace codes = base::codes;

constexpr std::string_view kSchemes =
    "lmdb:PATH, redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix:///PATH";

}  // namespace

std::optional<std::string> EmbeddedFolder(const std::string& url, const std::string& folder) {
  constexpr std::string_view kScheme = "lmdb:";
  if (!url.starts_with(kScheme) || url.size() == kScheme.size()) return {};
  const std::filesystem::path path = url.substr(kScheme.size());
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

base::Result<std::unique_ptr<Store>> OpenStore(const std::string& url, const OpenOptions& options) {
  const std::string scheme = url.substr(0, url.find(':'));
  if (url == "memory:") {
    if (!options.read_only) return MakeMemoryStore();
    return base::Error(codes::kNotFound, "store memory: is empty in every new process");
  }
  if (const auto folder = EmbeddedFolder(url, options.folder); folder.has_value()) {
    return OpenEmbeddedStore(*folder, options);
  }
  if (scheme == "redis" || scheme == "rediss" || scheme == "unix") {
    return OpenRedisStore(url, options);
  }
  // Its scheme alone: what follows may hold a password.
  return base::Error(codes::kBadValue,
                     fmt::format("a store '{}:…': expected {}", scheme, kSchemes));
}

base::Result<std::unique_ptr<AsyncReader>> Store::ReadOn(
    std::shared_ptr<boost::asio::io_context>) const {
  return nullptr;
}

}  // namespace millrace::kv
