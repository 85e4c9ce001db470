// Reading rows from Redis: many by their names, and those with a prefix by looking at all names.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kv/async_reader.h"
#include "kv/redis/connection.h"
#include "kv/redis/redis_keys.h"
#include "kv/store.h"

namespace millrace::kv {

// All as of one moment. What is found is held by the replies.
base::Result<Found> GetRedisRows(RedisConnection* connection,
                                 const std::vector<std::string>& names);
// The same, later.
void GetRedisRows(RedisConnection* connection, const std::vector<std::string>& names,
                  AsyncReader::Then then);

// The names with a prefix in the order of the server, some of them twice; such as are there all the
// while are surely among them.
class RedisScan {
 public:
  RedisScan(RedisConnection* connection, std::string_view prefix);

  bool ended() const { return ended_; }
  // Some more, perhaps none.
  base::Result<std::vector<std::string>> Next();

 private:
  RedisConnection* connection_;
  std::string pattern_;
  std::string cursor_ = "0";
  bool ended_ = false;
};

// Holds all keys of the range in memory, and a thousand rows at a time.
base::Result<std::unique_ptr<RowReader>> OpenRedisRange(std::shared_ptr<RedisConnection> connection,
                                                        RedisKeys keys, std::string_view prefix);

}  // namespace millrace::kv
