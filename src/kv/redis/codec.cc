#include "kv/redis/codec.h"

#include <fmt/format.h>

#include <vector>

#include "base/check.h"

namespace millrace::kv {
namespace {

namespace codes = base::codes;

base::Code CodeOf(std::string_view error) {
  const std::string_view word = error.substr(0, error.find(' '));
  for (const std::string_view name : {"NOAUTH", "WRONGPASS", "NOPERM"}) {
    if (word == name) return codes::kPermission;
  }
  // Before Redis 6, and to a password where none is set.
  if (error.starts_with("ERR invalid password") || error.starts_with("ERR AUTH")) {
    return codes::kPermission;
  }
  if (word == "OOM") return codes::kDiskFull;
  for (const std::string_view name : {"LOADING", "BUSY", "READONLY", "MASTERDOWN", "TRYAGAIN"}) {
    if (word == name) return codes::kStoreUnavailable;
  }
  if (error.starts_with("ERR max number of clients")) return codes::kStoreUnavailable;
  return codes::kIo;
}

}  // namespace

void RedisCommands::Add(std::span<const std::string_view> words) {
  std::vector<const char*> starts;
  std::vector<size_t> sizes;
  starts.reserve(words.size());
  sizes.reserve(words.size());
  for (const std::string_view word : words) {
    starts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* encoded = nullptr;
  const int size =
      redisFormatCommandArgv(&encoded, static_cast<int>(words.size()), starts.data(), sizes.data());
  MILLRACE_CHECK(size > 0);  // no memory, or over 2 GiB
  bytes_.append(encoded, static_cast<size_t>(size));
  redisFreeCommand(encoded);
  ++count_;
}

RedisReplyReader::RedisReplyReader() : reader_(redisReaderCreate()) {
  MILLRACE_CHECK(reader_ != nullptr);
}

RedisReplyReader::~RedisReplyReader() {
  redisReaderFree(reader_);
}

void RedisReplyReader::Feed(std::string_view bytes) {
  redisReaderFeed(reader_, bytes.data(), bytes.size());
}

base::Result<RedisReply> RedisReplyReader::Next() {
  void* reply = nullptr;
  if (redisReaderGetReply(reader_, &reply) != REDIS_OK) {
    return base::Error(codes::kIo, fmt::format("not a reply of Redis: {}", reader_->errstr));
  }
  if (reply == nullptr) return RedisReply();
  return RedisReply(static_cast<redisReply*>(reply),
                    [](const redisReply* done) { freeReplyObject(const_cast<redisReply*>(done)); });
}

base::Status StatusOf(const redisReply& reply, std::string_view store) {
  if (reply.type != REDIS_REPLY_ERROR) return base::Status::OK();
  return base::Error(CodeOf(TextOf(reply)), fmt::format("store {}: {}", store, TextOf(reply)));
}

base::Status ExpectType(const redisReply& reply, int type, std::string_view store) {
  ARROW_RETURN_NOT_OK(StatusOf(reply, store));
  if (reply.type == type) return base::Status::OK();
  return base::Error(codes::kIo, fmt::format("store {}: a reply of type {}, expected type {}",
                                             store, reply.type, type));
}

}  // namespace millrace::kv
