#include "serve/access/tokens.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "serve/access/secret_file.h"
#include "serve/access/token_list.h"

namespace millrace::serve {
namespace {

namespace codes = base::codes;
using std::chrono::steady_clock;

// Found by the first bytes of the hash, then compared whole in constant time. What the time of a
// search tells is a few bits of a hash, and no token follows from all of its bits.
class TokenTable {
 public:
  explicit TokenTable(std::vector<KnownToken> tokens) : tokens_(std::move(tokens)) {
    std::sort(tokens_.begin(), tokens_.end(),
              [](const auto& a, const auto& b) { return a.hash < b.hash; });
  }

  const Principal* Find(std::string_view token) const {
    const TokenHash hash = HashOf(token);
    auto at = std::lower_bound(tokens_.begin(), tokens_.end(), hash,
                               [](const KnownToken& known, const TokenHash& wanted) {
                                 return Begin(known.hash) < Begin(wanted);
                               });
    for (; at != tokens_.end() && Begin(at->hash) == Begin(hash); ++at) {
      if (CRYPTO_memcmp(at->hash.data(), hash.data(), hash.size()) == 0) return &at->principal;
    }
    return nullptr;
  }
  bool empty() const { return tokens_.empty(); }

 private:
  static std::array<unsigned char, 8> Begin(const TokenHash& hash) {
    std::array<unsigned char, 8> begin{};
    std::copy_n(hash.begin(), begin.size(), begin.begin());
    return begin;
  }

  std::vector<KnownToken> tokens_;
};

// The token of "Bearer TOKEN" (RFC 6750); nothing for whatever else it is.
std::optional<std::string_view> BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (authorization.size() <= kScheme.size()) return std::nullopt;
  for (size_t i = 0; i < kScheme.size(); ++i) {
    if (lower(authorization[i]) != kScheme[i]) return std::nullopt;
  }
  std::string_view token = authorization.substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  const bool good = !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
    return c > ' ' && c < '\x7F' && c != ',' && c != '"';
  });
  return good ? std::optional(token) : std::nullopt;
}

class FileTokens final : public Tokens {
 public:
  explicit FileTokens(TokensOptions options) : options_(std::move(options)) {}

  base::Status Load() {
    if (!options_.environment.empty()) {
      ARROW_ASSIGN_OR_RAISE(from_environment_,
                            ReadTokenList(options_.environment, "MILLRACE_TOKENS"));
    }
    std::vector<KnownToken> from_file;
    if (!options_.file.empty()) {
      ARROW_ASSIGN_OR_RAISE(text_, ReadSecretFile(options_.file));
      ARROW_ASSIGN_OR_RAISE(from_file, ReadTokenList(text_, options_.file));
    }
    next_check_ = (steady_clock::now() + options_.check_time).time_since_epoch().count();
    return Use(std::move(from_file));
  }

  Principal Find(const Peer& peer, std::string_view authorization) const override {
    CheckFile();
    if (!authorization.empty()) {
      const auto token = BearerToken(authorization);
      const std::shared_ptr<const TokenTable> table = this->table();
      const Principal* found = token ? table->Find(*token) : nullptr;
      return found != nullptr ? *found : Principal{.name = "anonymous"};
    }
    const bool near = peer.kind != Peer::Kind::kRemote;
    const bool all = near || options_.insecure;
    return {.name = near ? "loopback" : "anonymous",
            .known = all,
            .role = all ? Verb::kAdmin : Verb::kRead,
            .all_views = all};
  }

  bool empty() const override {
    CheckFile();
    return table()->empty();
  }

  base::Status problem() const override {
    CheckFile();
    const std::lock_guard lock(check_mutex_);
    return problem_;
  }

 private:
  std::shared_ptr<const TokenTable> table() const {
    const std::lock_guard lock(table_mutex_);
    return table_;
  }

  base::Status Use(std::vector<KnownToken> from_file) const {
    from_file.insert(from_file.end(), from_environment_.begin(), from_environment_.end());
    const base::Status distinct = CheckDistinct(from_file);
    if (!distinct.ok()) {
      return base::AtPlace(distinct, {options_.file + " and MILLRACE_TOKENS", 0, 0});
    }
    auto table = std::make_shared<const TokenTable>(std::move(from_file));
    const std::lock_guard lock(table_mutex_);
    table_ = std::move(table);
    return base::Status::OK();
  }

  // Most calls read a clock and a number.
  void CheckFile() const {
    if (options_.file.empty()) return;
    const auto now = steady_clock::now();
    auto due = next_check_.load(std::memory_order_relaxed);
    if (now.time_since_epoch().count() < due) return;
    const auto next = (now + options_.check_time).time_since_epoch().count();
    if (!next_check_.compare_exchange_strong(due, next, std::memory_order_relaxed)) return;
    const std::unique_lock lock(check_mutex_, std::try_to_lock);
    if (lock.owns_lock()) CheckFileNow();
  }

  // Reads it: its times do not tell whether it changed within a tick of the file system's clock.
  void CheckFileNow() const {
    auto text = ReadSecretFile(options_.file);
    if (text.ok() && *text == text_ && problem_.ok()) return;
    problem_ = text.ok() ? Take(*std::move(text)) : text.status();
  }

  base::Status Take(std::string text) const {
    ARROW_ASSIGN_OR_RAISE(auto tokens, ReadTokenList(text, options_.file));
    ARROW_RETURN_NOT_OK(Use(std::move(tokens)));
    text_ = std::move(text);
    return base::Status::OK();
  }

  const TokensOptions options_;
  std::vector<KnownToken> from_environment_;
  mutable std::atomic<steady_clock::rep> next_check_ = 0;

  mutable std::mutex table_mutex_;
  mutable std::shared_ptr<const TokenTable> table_;

  mutable std::mutex check_mutex_;  // of what follows
  mutable std::string text_;        // of the file, in use
  mutable base::Status problem_;    // of the newest file, which is not in use then
};

// URL-safe base64 without padding.
std::string Base64Url(const std::array<unsigned char, 32>& bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    count += 8;
    while (count >= 6) {
      count -= 6;
      text += kDigits[bits >> count & 63];
    }
  }
  if (count > 0) text += kDigits[bits << (6 - count) & 63];
  return text;
}

}  // namespace

base::Result<std::unique_ptr<Tokens>> Tokens::Open(const TokensOptions& options) {
  auto tokens = std::make_unique<FileTokens>(options);
  ARROW_RETURN_NOT_OK(tokens->Load());
  return tokens;
}

base::Result<FreshToken> NewToken(const std::string& name, Verb role,
                                  const std::vector<std::string>& views) {
  std::array<unsigned char, 32> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return base::Error(codes::kInternal, "the system has no random numbers for a token");
  }
  // A beginning by which people and scanners for secrets know it.
  FreshToken fresh{.text = "millrace_" + Base64Url(random), .entry = {}};
  nlohmann::ordered_json entry = {
      {"name", name}, {"sha256", ToHex(HashOf(fresh.text))}, {"role", VerbName(role)}};
  if (!views.empty()) entry["views"] = views;
  const auto text = [](const nlohmann::ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  };
  fresh.entry = text(entry);
  ARROW_RETURN_NOT_OK(
      ReadTokenList(text({{"tokens", nlohmann::ordered_json::array({entry})}}), "the new token"));
  return fresh;
}

}  // namespace millrace::serve
