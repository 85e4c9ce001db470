// RedisConnection: one connection to a Redis server that all threads of a store share. Their
// commands go out one behind the other without waiting for replies, which come back in order. It
// comes back by itself when it was lost. Asio is in its .cc alone, which compiles slowly.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <vector>

#include "base/status.h"
#include "kv/redis/address.h"
#include "kv/redis/codec.h"

namespace millrace::kv {

// How long a call takes at most to say store_unavailable, of a server that is gone: to reach it,
// and to be let in; while it is awaited without a byte from it.
inline constexpr std::chrono::seconds kRedisConnectTimeout{2};
inline constexpr std::chrono::seconds kRedisSilenceTimeout{5};
// Between attempts to come back: doubled from the first to the last. Calls in between fail at once.
inline constexpr std::chrono::milliseconds kRedisPauseMin{20};
inline constexpr std::chrono::milliseconds kRedisPauseMax{500};

struct RedisAnswer {
  base::Status status;              // permission_denied, store_unavailable, io_error
  std::vector<RedisReply> replies;  // one for each command when ok; they may be errors of Redis
  bool sent = false;                // whether Redis may have done it, though the status is not ok
};

// Safe from every thread.
class RedisConnection {
 public:
  // Does not wait for the server. Error: bad_value (the file of certificates).
  static base::Result<std::shared_ptr<RedisConnection>> Open(RedisAddress address);
  virtual ~RedisConnection() = default;

  virtual std::future<RedisAnswer> Send(RedisCommands commands) = 0;
  virtual const RedisAddress& address() const = 0;

  // Sends, waits, and gives replies of which none is an error.
  base::Result<std::vector<RedisReply>> Call(RedisCommands commands);
};

}  // namespace millrace::kv
