// EmbeddedTransaction: LMDB's one writing transaction, as ours. Called by EmbeddedStore.
#pragma once

#include <lmdb.h>

#include <memory>
#include <string>

#include "kv/embedded/environment.h"
#include "kv/store.h"

namespace millrace::kv {

// Puts ascending rows: pages are filled when they come after all rows that the table has. Closed
// before its transaction ends.
class SortedRows {
 public:
  SortedRows(const Environment* environment, MDB_cursor* cursor, std::string last_key)
      : environment_(environment), cursor_(cursor), last_key_(std::move(last_key)) {}
  SortedRows(const SortedRows&) = delete;
  SortedRows& operator=(const SortedRows&) = delete;
  ~SortedRows() { mdb_cursor_close(cursor_); }

  base::Status Put(const Row& row);

 private:
  const Environment* environment_;
  MDB_cursor* cursor_;
  std::string last_key_;  // of the table when this began; "" in an empty one
  bool appends_ = false;  // past last_key_
};

class EmbeddedTransaction final : public Transaction {
 public:
  // Waits for the one before.
  static base::Result<std::unique_ptr<EmbeddedTransaction>> Begin(
      std::shared_ptr<Environment> environment);
  ~EmbeddedTransaction() override;

  // Compares the guard with what is there before any change; Commit gives the answer.
  base::Status Check(const Guard& guard);
  base::Result<std::unique_ptr<SortedRows>> BeginSorted();
  // Deletes at most `rows_max` rows; how many it was.
  base::Result<size_t> DeletePrefix(std::string_view prefix, size_t rows_max);
  // A Commit that no guard and no failpoint looks at.
  base::Status Finish();

  base::Status Put(std::string_view key, std::string_view value) override;
  base::Status Append(std::string_view key, std::string_view bytes) override;
  base::Status Delete(std::string_view key) override;
  base::Status Commit() override;

 private:
  EmbeddedTransaction(std::shared_ptr<Environment> environment, MDB_txn* txn)
      : environment_(std::move(environment)), txn_(txn) {}
  // What is said of an error of LMDB; 0 is none.
  base::Status Written(int error);

  std::shared_ptr<Environment> environment_;
  MDB_txn* txn_;  // nullptr once it is over
  bool fenced_ = false;
  std::string grown_;  // of Append, kept for its space
};

}  // namespace millrace::kv
