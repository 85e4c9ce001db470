// TransactionSink: changed rows go into a transaction of the store. Called by the updater.
// It is not what commits them.
#pragma once

#include <string>

#include "kv/store.h"
#include "state/key/row_sink.h"

namespace millrace::state {

class TransactionSink final : public RowSink {
 public:
  // REQUIRES: the transaction outlives it.
  explicit TransactionSink(kv::Transaction* transaction) : transaction_(transaction) {}
  base::Status Put(std::string key, std::string value) override {
    return transaction_->Put(key, value);
  }
  base::Status Append(std::string key, std::string bytes) override {
    return transaction_->Append(key, bytes);
  }
  base::Status Delete(std::string key) override { return transaction_->Delete(key); }

 private:
  kv::Transaction* const transaction_;
};

}  // namespace millrace::state
