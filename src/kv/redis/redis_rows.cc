#include "kv/redis/redis_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace millrace::kv {
namespace {

constexpr size_t kNamesPerCommand = 10'000;
constexpr size_t kRowsAtOnce = 1'000;
constexpr std::string_view kNamesPerScan = "2000";

// A pattern that this prefix alone begins.
std::string PatternOf(std::string_view prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '*';
}

base::Status AddValues(const redisReply& reply, std::string_view store, Found* found) {
  ARROW_RETURN_NOT_OK(ExpectType(reply, REDIS_REPLY_ARRAY, store));
  for (size_t i = 0; i < reply.elements; ++i) {
    const redisReply& element = *reply.element[i];
    found->values.push_back(element.type == REDIS_REPLY_NIL ? std::optional<std::string_view>()
                                                            : TextOf(element));
  }
  return base::Status::OK();
}

RedisCommands CommandsFor(const std::vector<std::string>& names) {
  const bool several = names.size() > kNamesPerCommand;
  RedisCommands commands;
  if (several) commands.Add({"MULTI"});
  for (size_t begin = 0; begin < names.size(); begin += kNamesPerCommand) {
    const size_t end = std::min(names.size(), begin + kNamesPerCommand);
    std::vector<std::string_view> words = {"MGET"};
    words.insert(words.end(), names.begin() + static_cast<ptrdiff_t>(begin),
                 names.begin() + static_cast<ptrdiff_t>(end));
    commands.Add(words);
  }
  if (several) commands.Add({"EXEC"});
  return commands;
}

// What the commands for `count` names found.
base::Result<Found> FoundIn(RedisAnswer answer, size_t count, std::string_view store) {
  ARROW_ASSIGN_OR_RAISE(const auto replies, RepliesOf(std::move(answer), store));
  const RedisReply& last = replies.back();
  Found found;
  found.values.reserve(count);
  if (count > kNamesPerCommand) {
    ARROW_RETURN_NOT_OK(ExpectType(*last, REDIS_REPLY_ARRAY, store));
    for (size_t i = 0; i < last->elements; ++i) {
      ARROW_RETURN_NOT_OK(AddValues(*last->element[i], store, &found));
    }
  } else {
    ARROW_RETURN_NOT_OK(AddValues(*last, store, &found));
  }
  if (found.values.size() != count) {
    return base::Error(base::codes::kIo, fmt::format("store {}: fewer values than keys", store));
  }
  found.owner = last;
  return found;
}

class RedisRange final : public RowReader {
 public:
  RedisRange(std::shared_ptr<RedisConnection> connection, RedisKeys keys,
             std::vector<std::string> names)
      : connection_(std::move(connection)), keys_(std::move(keys)), names_(std::move(names)) {}

  base::Result<bool> Next(Row* row) override {
    while (true) {
      if (next_ == begin_ + found_.values.size()) {
        if (next_ == names_.size()) return false;
        ARROW_RETURN_NOT_OK(More());
      }
      const std::optional<std::string_view>& value = found_.values[next_ - begin_];
      const std::string& name = names_[next_++];
      if (!value) continue;  // deleted since
      *row = {keys_.KeyOf(name), *value};
      return true;
    }
  }

 private:
  base::Status More() {
    begin_ = next_;
    const auto first = names_.begin() + static_cast<ptrdiff_t>(begin_);
    const size_t count = std::min(kRowsAtOnce, names_.size() - begin_);
    const std::vector<std::string> names(first, first + static_cast<ptrdiff_t>(count));
    ARROW_ASSIGN_OR_RAISE(found_, GetRedisRows(connection_.get(), names));
    return base::Status::OK();
  }

  std::shared_ptr<RedisConnection> connection_;
  RedisKeys keys_;
  std::vector<std::string> names_;
  size_t begin_ = 0;  // of found_, in names_
  size_t next_ = 0;
  Found found_;
};

}  // namespace

base::Result<Found> GetRedisRows(RedisConnection* connection,
                                 const std::vector<std::string>& names) {
  if (names.empty()) return Found();
  return FoundIn(connection->Send(CommandsFor(names)).get(), names.size(),
                 connection->address().shown);
}

void GetRedisRows(RedisConnection* connection, const std::vector<std::string>& names,
                  AsyncReader::Then then) {
  if (names.empty()) return then(Found());
  connection->Send(
      CommandsFor(names),
      [then = std::move(then), count = names.size(), store = connection->address().shown](
          RedisAnswer answer) mutable { then(FoundIn(std::move(answer), count, store)); });
}

RedisScan::RedisScan(RedisConnection* connection, std::string_view prefix)
    : connection_(connection), pattern_(PatternOf(prefix)) {}

base::Result<std::vector<std::string>> RedisScan::Next() {
  RedisCommands commands;
  commands.Add({"SCAN", cursor_, "MATCH", pattern_, "COUNT", kNamesPerScan});
  ARROW_ASSIGN_OR_RAISE(const auto replies, connection_->Call(std::move(commands)));
  const redisReply& reply = *replies.front();
  const std::string& store = connection_->address().shown;
  ARROW_RETURN_NOT_OK(ExpectType(reply, REDIS_REPLY_ARRAY, store));
  if (reply.elements != 2) return base::Error(base::codes::kIo, "store " + store + ": no scan");
  ARROW_RETURN_NOT_OK(ExpectType(*reply.element[0], REDIS_REPLY_STRING, store));
  ARROW_RETURN_NOT_OK(ExpectType(*reply.element[1], REDIS_REPLY_ARRAY, store));
  cursor_ = TextOf(*reply.element[0]);
  ended_ = cursor_ == "0";
  std::vector<std::string> names;
  for (size_t i = 0; i < reply.element[1]->elements; ++i) {
    names.emplace_back(TextOf(*reply.element[1]->element[i]));
  }
  return names;
}

base::Result<std::unique_ptr<RowReader>> OpenRedisRange(std::shared_ptr<RedisConnection> connection,
                                                        RedisKeys keys, std::string_view prefix) {
  RedisScan scan(connection.get(), keys.Row(prefix));
  std::vector<std::string> names;
  while (!scan.ended()) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<std::string> some, scan.Next());
    names.insert(names.end(), some.begin(), some.end());
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return std::make_unique<RedisRange>(std::move(connection), std::move(keys), std::move(names));
}

}  // namespace millrace::kv
