#include "kv/redis/redis_transaction.h"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "base/failpoint.h"
#include "base/hash.h"
#include "kv/keys.h"
#include "kv/redis/commit_script.h"

namespace millrace::kv {
namespace {

constexpr size_t kPieceBytes = 512 << 10;  // of changes that are sent to a stage together
constexpr size_t kPieceWords = 3 * 5'000;
constexpr size_t kWordBytesAbout = 16;  // of the protocol
constexpr size_t kStagesUnderWay = 4;
// A writer that was killed leaves its stages for so long; one that fills a transaction for longer
// finds them lost.
constexpr std::string_view kStageSeconds = "600";

std::string RandomName() {
  std::random_device device;
  return base::Hex((uint64_t{device()} << 32) | device());
}

}  // namespace

RedisTransaction::RedisTransaction(std::shared_ptr<RedisConnection> connection,
                                   const RedisKeys* keys, std::string script, Guard guard,
                                   std::unique_lock<std::mutex> writing)
    : connection_(std::move(connection)),
      keys_(keys),
      script_(std::move(script)),
      guard_(std::move(guard)),
      writing_(std::move(writing)) {}

RedisTransaction::~RedisTransaction() {
  if (stages_ == 0) return;
  // Nobody waits for it, and the stages end by themselves.
  RedisCommands commands;
  for (int i = 1; i <= stages_; ++i) commands.Add({"UNLINK", stage_ + std::to_string(i)});
  static_cast<void>(connection_->Send(std::move(commands)));
}

base::Status RedisTransaction::Put(std::string_view key, std::string_view value) {
  return Add("s", key, value);
}

base::Status RedisTransaction::Append(std::string_view key, std::string_view bytes) {
  return Add("a", key, bytes);
}

base::Status RedisTransaction::Delete(std::string_view key) {
  return Add("d", key, "");
}

base::Status RedisTransaction::Add(std::string_view letter, std::string_view key,
                                   std::string_view value) {
  ARROW_RETURN_NOT_OK(CheckRow(key, value));
  ARROW_RETURN_NOT_OK(base::Failpoint("kv.put"));
  words_.emplace_back(letter);
  words_.push_back(keys_->Row(key));
  words_.emplace_back(value);
  words_bytes_ += key.size() + value.size() + 3 * kWordBytesAbout;
  if (words_bytes_ < kPieceBytes && words_.size() < kPieceWords) return base::Status::OK();
  return Stage();
}

base::Status RedisTransaction::Stage() {
  if (stages_ == 0) stage_ = keys_->Stage(RandomName());
  const std::string name = stage_ + std::to_string(++stages_);
  std::vector<std::string_view> push = {"RPUSH", name};
  push.insert(push.end(), words_.begin(), words_.end());
  RedisCommands commands;
  commands.Add(push);
  commands.Add({"EXPIRE", name, kStageSeconds});
  under_way_.push_back(connection_->Send(std::move(commands)));
  staged_words_ += words_.size();
  words_.clear();
  words_bytes_ = 0;
  return AwaitStages(kStagesUnderWay);
}

base::Status RedisTransaction::AwaitStages(size_t most_under_way) {
  while (under_way_.size() > most_under_way) {
    RedisAnswer answer = under_way_.front().get();
    under_way_.pop_front();
    ARROW_RETURN_NOT_OK(RepliesOf(std::move(answer), connection_->address().shown).status());
  }
  return base::Status::OK();
}

RedisAnswer RedisTransaction::Run(bool by_hash) {
  const bool guarded = !guard_.key.empty();
  const std::string guard_name = keys_->Row(guard_.key);
  const std::string stages = std::to_string(stages_);
  const std::string staged_words = std::to_string(staged_words_);
  std::vector<std::string_view> words = {by_hash ? "EVALSHA" : "EVAL",
                                         by_hash ? std::string_view(script_) : kCommitScript,
                                         "1",
                                         guard_name,
                                         !guarded        ? "0"
                                         : !guard_.value ? "1"
                                                         : "2",
                                         guard_.value ? std::string_view(*guard_.value) : "",
                                         stage_,
                                         stages,
                                         staged_words};
  words.insert(words.end(), words_.begin(), words_.end());
  RedisCommands commands;
  commands.Add(words);
  return connection_->Send(std::move(commands)).get();
}

base::Status RedisTransaction::Outcome(const RedisAnswer& answer) {
  const std::string& store = connection_->address().shown;
  if (!answer.status.ok() && answer.sent) {
    return base::Error(
        {.code = base::codes::kStoreUnavailable,
         .message = answer.status.message(),
         .hint = "it is not known whether the commit happened: read the store, then decide"});
  }
  ARROW_RETURN_NOT_OK(answer.status);
  const redisReply& reply = *answer.replies.front();
  ARROW_RETURN_NOT_OK(ExpectType(reply, REDIS_REPLY_INTEGER, store));
  if (reply.integer == kCommitFenced) return Fenced(store);
  if (reply.integer == kCommitStageLost) {
    return base::Error(base::codes::kStoreUnavailable,
                       fmt::format("store {}: a large commit's staged changes are no longer there; "
                                   "nothing was changed",
                                   store));
  }
  stages_ = 0;  // the script deleted them
  return base::Status::OK();
}

base::Status RedisTransaction::Commit() {
  ARROW_RETURN_NOT_OK(base::Failpoint("kv.commit.before"));
  ARROW_RETURN_NOT_OK(AwaitStages(0));
  RedisAnswer answer = Run(/*by_hash=*/true);
  // The server was started anew since the store was opened.
  if (answer.status.ok() && answer.replies.front()->type == REDIS_REPLY_ERROR &&
      TextOf(*answer.replies.front()).starts_with("NOSCRIPT")) {
    answer = Run(/*by_hash=*/false);
  }
  ARROW_RETURN_NOT_OK(Outcome(answer));
  return base::Failpoint("kv.commit.after");
}

}  // namespace millrace::kv
