// RedisConnection: one connection to a Redis server, which all threads of a store share or which is
// of one loop's thread. Commands go out one behind the other without waiting for replies, which
// come back in order. It comes back by itself when it was lost. Asio is in its .cc alone, which
// compiles slowly.
#pragma once

#include <absl/functional/any_invocable.h>

#include <chrono>
#include <future>
#include <memory>
#include <vector>

#include "base/status.h"
#include "kv/redis/address.h"
#include "kv/redis/codec.h"

namespace boost::asio {
class io_context;
}

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

class RedisConnection {
 public:
  using Then = absl::AnyInvocable<void(RedisAnswer)>;

  // Does not wait for the server. With a thread of its own, and safe from every thread. Error:
  // bad_value (the file of certificates).
  static base::Result<std::shared_ptr<RedisConnection>> Open(RedisAddress address);
  // Of the one thread that runs `loop`: only Then is called, by that thread. REQUIRES: destroyed by
  // it or after its end.
  static base::Result<std::shared_ptr<RedisConnection>> OpenOn(
      std::shared_ptr<boost::asio::io_context> loop, RedisAddress address);
  // Answers what waits.
  virtual ~RedisConnection() = default;

  // `then` is called once, by the connection's thread; by that thread itself within the call
  // perhaps.
  virtual void Send(RedisCommands commands, Then then) = 0;
  virtual const RedisAddress& address() const = 0;

  std::future<RedisAnswer> Send(RedisCommands commands);
  // Sends, waits, and gives replies of which none is an error.
  base::Result<std::vector<RedisReply>> Call(RedisCommands commands);
};

// Replies of which none is an error.
base::Result<std::vector<RedisReply>> RepliesOf(RedisAnswer answer, std::string_view store);

}  // namespace millrace::kv
