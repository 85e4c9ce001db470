// Commands to Redis and its replies as bytes of its protocol (RESP 2), by hiredis. No sockets.
#pragma once

#include <hiredis/hiredis.h>

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace millrace::kv {

// Commands to be sent together; each has one reply.
class RedisCommands {
 public:
  void Add(std::span<const std::string_view> words);
  void Add(std::initializer_list<std::string_view> words) { Add(std::span(words)); }

  std::string TakeBytes() { return std::exchange(bytes_, {}); }
  size_t bytes() const { return bytes_.size(); }  // not yet taken
  size_t count() const { return count_; }

 private:
  std::string bytes_;
  size_t count_ = 0;
};

using RedisReply = std::shared_ptr<const redisReply>;

inline std::string_view TextOf(const redisReply& reply) {
  return {reply.str, reply.len};
}

class RedisReplyReader {
 public:
  RedisReplyReader();
  RedisReplyReader(const RedisReplyReader&) = delete;
  RedisReplyReader& operator=(const RedisReplyReader&) = delete;
  ~RedisReplyReader();

  void Feed(std::string_view bytes);
  // nullptr until a whole reply was fed. Error: io_error, bytes that are no replies.
  base::Result<RedisReply> Next();

 private:
  redisReader* reader_;
};

// OK, unless `reply` is an error of Redis: permission_denied, disk_full (its memory is full),
// store_unavailable (loading, busy, a replica), io_error. `store` is its address as shown.
base::Status StatusOf(const redisReply& reply, std::string_view store);
// Error besides: io_error, a reply of another type (REDIS_REPLY_…).
base::Status ExpectType(const redisReply& reply, int type, std::string_view store);

}  // namespace millrace::kv
