// RedisAddress: where a Redis server is and how to be let in, as a URL names it.
#pragma once

#include <string>

#include "base/status.h"

namespace millrace::kv {

struct RedisAddress {
  enum class Way { kTcp, kTls, kUnix };
  Way way = Way::kTcp;
  std::string host;
  int port = 6379;
  std::string path;  // of a unix socket
  std::string user;
  std::string password;
  int database = 0;
  std::string ca_file;  // whose certificates are trusted; "": the system's
  std::string shown;    // the URL without user and password, for messages
};

// "redis://[[user]:password@]host[:port][/db]", "rediss://…[?ca=FILE]" or
// "unix://[[user]:password@]/path[?db=N]"; %XX for any byte. A relative FILE starts at `folder`.
// Error: bad_value, which repeats no user and no password.
base::Result<RedisAddress> ParseRedisUrl(const std::string& url, const std::string& folder);

}  // namespace millrace::kv
