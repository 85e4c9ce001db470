// FeatureServer: a repository served over HTTP: opens the store as its owner, answers reads and
// writes, follows the registry, and stops when it is told to. Called by the command `serve`.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/repository.h"
#include "serve/access/tokens.h"
#include "serve/http/http_server.h"
#include "serve/limits.h"

namespace millrace::serve {

struct ServeOptions {
  std::vector<std::string> listen = {"127.0.0.1:6566"};
  std::string certificate_file = {};
  std::string key_file = {};
  TokensOptions tokens = {};
  int threads = 2;  // that answer requests
  HttpLimits http = {};
  Limits limits = {};
  std::optional<std::chrono::seconds> materialize_every = {};
  std::string request_log = "-";                 // "-": standard error; "": none
  int wait_seconds = 10;                         // for another owner of the store to end
  std::chrono::milliseconds stop_grace{30'000};  // for what is in flight
};

class FeatureServer {
 public:
  // Listens when it returns. Errors: usage (an address beside loopback without tokens and not
  // `insecure`), store_owned, not_ready (nothing was ever applied), those of OpenOnlineStore,
  // Tokens, HttpServer. REQUIRES: the repository and the clock outlive it.
  static base::Result<std::unique_ptr<FeatureServer>> Open(const jobs::Repository& repository,
                                                           const ServeOptions& options,
                                                           const base::Clock& clock);
  virtual ~FeatureServer() = default;
  // "http://127.0.0.1:6566", "https://…", "unix:/…/owner.sock".
  virtual std::vector<std::string> addresses() const = 0;
  // Takes no new request, answers those that came, writes what waits, and returns.
  virtual void Stop() = 0;
};

}  // namespace millrace::serve
