#include "kv/redis/redis_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <mutex>
#include <utility>

#include "base/failpoint.h"
#include "kv/keys.h"
#include "kv/redis/commit_script.h"
#include "kv/redis/connection.h"
#include "kv/redis/redis_keys.h"
#include "kv/redis/redis_rows.h"
#include "kv/redis/redis_transaction.h"

namespace millrace::kv {
namespace {

namespace codes = base::codes;

constexpr std::string_view kFormat = "millrace store, format 1";
constexpr size_t kPieceBytes = 256 << 10;  // of a bulk load
constexpr size_t kPiecesUnderWay = 4;

base::Result<std::vector<std::string>> NamesOf(std::span<const std::string_view> keys,
                                               const RedisKeys& named) {
  std::vector<std::string> names;
  names.reserve(keys.size());
  for (const std::string_view key : keys) {
    ARROW_RETURN_NOT_OK(CheckKey(key));
    names.push_back(named.Row(key));
  }
  return names;
}

class RedisSnapshot final : public Snapshot {
 public:
  RedisSnapshot(std::shared_ptr<RedisConnection> connection, RedisKeys keys)
      : connection_(std::move(connection)), keys_(std::move(keys)) {}

  base::Result<Found> GetMany(std::span<const std::string_view> keys) const override {
    ARROW_ASSIGN_OR_RAISE(const auto names, NamesOf(keys, keys_));
    return GetRedisRows(connection_.get(), names);
  }

  base::Result<std::unique_ptr<RowReader>> Range(std::string_view prefix) const override {
    return OpenRedisRange(connection_, keys_, prefix);
  }

 private:
  std::shared_ptr<RedisConnection> connection_;
  RedisKeys keys_;
};

class RedisAsyncReader final : public AsyncReader {
 public:
  RedisAsyncReader(std::shared_ptr<RedisConnection> connection, RedisKeys keys)
      : connection_(std::move(connection)), keys_(std::move(keys)) {}

  void GetMany(std::span<const std::string_view> keys, Then then) override {
    const auto names = NamesOf(keys, keys_);
    if (!names.ok()) return then(names.status());
    GetRedisRows(connection_.get(), *names, std::move(then));
  }

 private:
  std::shared_ptr<RedisConnection> connection_;
  RedisKeys keys_;
};

class RedisStore final : public Store {
 public:
  RedisStore(std::shared_ptr<RedisConnection> connection, RedisKeys keys, bool read_only)
      : connection_(std::move(connection)), keys_(std::move(keys)), read_only_(read_only) {}

  // Finds the store or makes it.
  base::Status Prepare() {
    const std::string name = keys_.Format();
    const std::string& shown = connection_->address().shown;
    RedisCommands commands;
    if (!read_only_) {
      commands.Add({"SET", name, kFormat, "NX"});
      commands.Add({"SCRIPT", "LOAD", kCommitScript});
    }
    commands.Add({"GET", name});
    ARROW_ASSIGN_OR_RAISE(const auto replies, connection_->Call(std::move(commands)));
    if (replies.back()->type == REDIS_REPLY_NIL) {
      return base::Error({.code = codes::kNotFound,
                          .message = fmt::format("store {}: there is none yet", shown),
                          .hint = "materialize, push or stream makes it"});
    }
    ARROW_RETURN_NOT_OK(ExpectType(*replies.back(), REDIS_REPLY_STRING, shown));
    if (TextOf(*replies.back()) != kFormat) {
      return base::Error(codes::kStoreFormat,
                         fmt::format("store {}: it is '{}', this millrace has '{}'", shown,
                                     TextOf(*replies.back()), kFormat));
    }
    if (read_only_) return base::Status::OK();
    ARROW_RETURN_NOT_OK(ExpectType(*replies[1], REDIS_REPLY_STRING, shown));
    script_ = TextOf(*replies[1]);
    return base::Status::OK();
  }

  base::Result<std::unique_ptr<Snapshot>> Read() const override {
    return std::make_unique<RedisSnapshot>(connection_, keys_);
  }

  base::Result<std::unique_ptr<Transaction>> Begin(Guard guard) override {
    if (read_only_) return ReadOnly(connection_->address().shown);
    if (!guard.key.empty()) ARROW_RETURN_NOT_OK(CheckKey(guard.key));
    return std::make_unique<RedisTransaction>(connection_, &keys_, script_, std::move(guard),
                                              std::unique_lock(writing_));
  }

  base::Status BulkLoad(RowReader* rows) override {
    if (read_only_) return ReadOnly(connection_->address().shown);
    std::deque<std::future<RedisAnswer>> under_way;
    base::Status status = SendAll(rows, &under_way);
    // Those that were sent are waited for after an error too: none comes after this call.
    while (!under_way.empty()) {
      const base::Status sent = Finish(&under_way);
      if (status.ok()) status = sent;
    }
    return status;
  }

  base::Status DeletePrefix(std::string_view prefix) override {
    if (read_only_) return ReadOnly(connection_->address().shown);
    RedisScan scan(connection_.get(), keys_.Row(prefix));
    std::vector<std::string> names;
    while (!scan.ended()) {
      ARROW_ASSIGN_OR_RAISE(names, scan.Next());
      if (names.empty()) continue;
      std::vector<std::string_view> words = {"UNLINK"};
      words.insert(words.end(), names.begin(), names.end());
      RedisCommands commands;
      commands.Add(words);
      ARROW_RETURN_NOT_OK(connection_->Call(std::move(commands)).status());
    }
    return base::Status::OK();
  }

  base::Result<std::unique_ptr<AsyncReader>> ReadOn(
      std::shared_ptr<boost::asio::io_context> loop) const override {
    ARROW_ASSIGN_OR_RAISE(auto connection,
                          RedisConnection::OpenOn(std::move(loop), connection_->address()));
    return std::make_unique<RedisAsyncReader>(std::move(connection), keys_);
  }

  base::Result<int64_t> SizeBytes() const override {
    RedisCommands commands;
    commands.Add({"INFO", "memory"});
    ARROW_ASSIGN_OR_RAISE(const auto replies, connection_->Call(std::move(commands)));
    const std::string_view text = TextOf(*replies.front());
    constexpr std::string_view kName = "used_memory:";
    const size_t at = text.find(kName);
    int64_t bytes = 0;
    if (at == std::string_view::npos ||
        std::from_chars(text.data() + at + kName.size(), text.data() + text.size(), bytes).ec !=
            std::errc()) {
      return base::Error(codes::kIo, fmt::format("store {}: it does not say its used_memory",
                                                 connection_->address().shown));
    }
    return bytes;
  }

 private:
  base::Status SendAll(RowReader* rows, std::deque<std::future<RedisAnswer>>* under_way) {
    std::string last;
    Row row;
    bool more = true;
    while (more) {
      ARROW_RETURN_NOT_OK(base::Failpoint("kv.bulk"));
      RedisCommands commands;
      while (commands.bytes() < kPieceBytes) {
        ARROW_ASSIGN_OR_RAISE(more, rows->Next(&row));
        if (!more) break;
        ARROW_RETURN_NOT_OK(CheckAscends(last, row));
        last = row.key;
        commands.Add({"SET", keys_.Row(row.key), row.value});
      }
      if (commands.count() == 0) break;
      under_way->push_back(connection_->Send(std::move(commands)));
      if (under_way->size() > kPiecesUnderWay) ARROW_RETURN_NOT_OK(Finish(under_way));
    }
    return base::Status::OK();
  }

  // Waits for the first of them.
  base::Status Finish(std::deque<std::future<RedisAnswer>>* under_way) const {
    RedisAnswer answer = under_way->front().get();
    under_way->pop_front();
    return RepliesOf(std::move(answer), connection_->address().shown).status();
  }

  std::shared_ptr<RedisConnection> connection_;
  RedisKeys keys_;
  bool read_only_;
  std::string script_;
  std::mutex writing_;
};

}  // namespace

base::Result<std::unique_ptr<Store>> OpenRedisStore(const std::string& url,
                                                    const OpenOptions& options) {
  ARROW_ASSIGN_OR_RAISE(RedisAddress address, ParseRedisUrl(url, options.folder));
  if (options.project.empty() ||
      options.project.find_first_of(std::string_view(":\0", 2)) != std::string::npos) {
    return base::Error(codes::kInternal, fmt::format("store {}: no project named '{}'",
                                                     address.shown, options.project));
  }
  ARROW_ASSIGN_OR_RAISE(auto connection, RedisConnection::Open(std::move(address)));
  auto store = std::make_unique<RedisStore>(std::move(connection), RedisKeys(options.project),
                                            options.read_only);
  ARROW_RETURN_NOT_OK(store->Prepare());
  return store;
}

}  // namespace millrace::kv
