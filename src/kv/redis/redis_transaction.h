// RedisTransaction: changes collected here, and in pieces at the server when there are many, that
// one script applies. Called by RedisStore.
#pragma once

#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kv/redis/connection.h"
#include "kv/redis/redis_keys.h"
#include "kv/store.h"

namespace millrace::kv {

class RedisTransaction final : public Transaction {
 public:
  // `script`: the hash under which the server knows kCommitScript.
  RedisTransaction(std::shared_ptr<RedisConnection> connection, const RedisKeys* keys,
                   std::string script, Guard guard, std::unique_lock<std::mutex> writing);
  ~RedisTransaction() override;

  base::Status Put(std::string_view key, std::string_view value) override;
  base::Status Append(std::string_view key, std::string_view bytes) override;
  base::Status Delete(std::string_view key) override;
  base::Status Commit() override;

 private:
  base::Status Add(std::string_view letter, std::string_view key, std::string_view value);
  // Sends the changes so far to a list at the server.
  base::Status Stage();
  base::Status AwaitStages(size_t most_under_way);
  // The script's answer; by its text when the server does not know its hash.
  RedisAnswer Run(bool by_hash);
  base::Status Outcome(const RedisAnswer& answer);

  std::shared_ptr<RedisConnection> connection_;
  const RedisKeys* keys_;
  std::string script_;
  Guard guard_;
  std::unique_lock<std::mutex> writing_;
  std::vector<std::string> words_;  // three a change
  size_t words_bytes_ = 0;
  std::string stage_;  // the stages' names, but for their numbers
  int stages_ = 0;
  size_t staged_words_ = 0;
  std::deque<std::future<RedisAnswer>> under_way_;
};

}  // namespace millrace::kv
