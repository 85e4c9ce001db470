// Tokens: who may do what, from a file or the environment; only hashes of tokens are kept there.
// The file is read again when it changes, so a token is revoked without a restart.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/access/allow.h"
#include "serve/http/http_server.h"

namespace millrace::serve {

struct TokensOptions {
  std::string file = {};                       // JSON, as docs/serving.md says; "": none
  std::string environment = {};                // MILLRACE_TOKENS' value, the same text; "": none
  bool insecure = false;                       // who sends no token may do all
  std::chrono::milliseconds check_time{1000};  // between looks at the file
};

// Safe from every thread. Each call first looks whether the file has changed, if that is due.
class Tokens {
 public:
  // Both the file and the environment hold. Errors, all of one of them at once: file_not_found,
  // permission_denied, io_error, syntax_error with its line, and missing_field, unknown_field,
  // bad_value, duplicate_name (in both: too) with the token's number and name; a file that others
  // may read is bad_value.
  static base::Result<std::unique_ptr<Tokens>> Open(const TokensOptions& options);
  virtual ~Tokens() = default;
  // The principal behind a connection and its Authorization header ("Bearer …"). A token that is
  // sent decides alone, on loopback and with `insecure` too. Without one: "loopback" for unix
  // sockets and loopback, which may do all; else "anonymous", who is known only with `insecure`.
  virtual Principal Find(const Peer& peer, std::string_view authorization) const = 0;
  virtual bool empty() const = 0;  // whether no token is known now
  // Why what the file says now is not in use, and what it said before still is; OK: it is in use.
  virtual base::Status problem() const = 0;
};

// A new token: the text that its user sends, shown once and kept nowhere, and the line of the
// tokens file that knows it.
struct FreshToken {
  std::string text;
  std::string entry;  // {"name": …, "sha256": …, "role": …, "views": […]}
};

// `views` empty: all. 256 random bits. Errors: bad_value (a name or view that a tokens file
// refuses), internal (no random numbers).
base::Result<FreshToken> NewToken(const std::string& name, Verb role,
                                  const std::vector<std::string>& views);

}  // namespace millrace::serve
