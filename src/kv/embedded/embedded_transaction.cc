#include "kv/embedded/embedded_transaction.h"

#include "base/check.h"
#include "base/failpoint.h"
#include "kv/keys.h"

namespace millrace::kv {
namespace {

MDB_val Bytes(std::string_view bytes) {
  return {.mv_size = bytes.size(), .mv_data = const_cast<char*>(bytes.data())};
}

std::string_view View(const MDB_val& bytes) {
  return {static_cast<const char*>(bytes.mv_data), bytes.mv_size};
}

}  // namespace

base::Status SortedRows::Put(const Row& row) {
  appends_ = appends_ || last_key_ < row.key;
  MDB_val key = Bytes(row.key);
  MDB_val value = Bytes(row.value);
  const int error = mdb_cursor_put(cursor_, &key, &value, appends_ ? MDB_APPEND : 0);
  if (error == 0) return base::Status::OK();
  return environment_->Error(environment_->WriteError(error), "write");
}

base::Result<std::unique_ptr<EmbeddedTransaction>> EmbeddedTransaction::Begin(
    std::shared_ptr<Environment> environment) {
  ARROW_ASSIGN_OR_RAISE(MDB_txn* const txn, environment->BeginWrite());
  return std::unique_ptr<EmbeddedTransaction>(new EmbeddedTransaction(std::move(environment), txn));
}

EmbeddedTransaction::~EmbeddedTransaction() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

base::Status EmbeddedTransaction::Written(int error) {
  if (error == 0) return base::Status::OK();
  return environment_->Error(environment_->WriteError(error), "write");
}

base::Status EmbeddedTransaction::Check(const Guard& guard) {
  if (guard.key.empty()) return base::Status::OK();
  ARROW_RETURN_NOT_OK(CheckKey(guard.key));
  MDB_val key = Bytes(guard.key);
  MDB_val value{};
  const int error = mdb_get(txn_, environment_->rows(), &key, &value);
  if (error != 0 && error != MDB_NOTFOUND) return environment_->Error(error, "read");
  fenced_ = error == MDB_NOTFOUND ? guard.value.has_value() : guard.value != View(value);
  return base::Status::OK();
}

base::Result<std::unique_ptr<SortedRows>> EmbeddedTransaction::BeginSorted() {
  MDB_cursor* cursor = nullptr;
  ARROW_RETURN_NOT_OK(Written(mdb_cursor_open(txn_, environment_->rows(), &cursor)));
  MDB_val key{};
  MDB_val value{};
  const int error = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
  std::string last = error == 0 ? std::string(View(key)) : "";
  auto rows = std::make_unique<SortedRows>(environment_.get(), cursor, std::move(last));
  if (error != 0 && error != MDB_NOTFOUND) return environment_->Error(error, "read");
  return rows;
}

base::Result<size_t> EmbeddedTransaction::DeletePrefix(std::string_view prefix, size_t rows_max) {
  MDB_cursor* opened = nullptr;
  ARROW_RETURN_NOT_OK(Written(mdb_cursor_open(txn_, environment_->rows(), &opened)));
  const std::unique_ptr<MDB_cursor, void (*)(MDB_cursor*)> cursor(opened, mdb_cursor_close);
  const MDB_cursor_op seek = prefix.empty() ? MDB_FIRST : MDB_SET_RANGE;
  for (size_t deleted = 0; deleted < rows_max; ++deleted) {
    MDB_val key = Bytes(prefix);
    MDB_val value{};
    const int error = mdb_cursor_get(opened, &key, &value, seek);
    if (error == MDB_NOTFOUND || (error == 0 && !View(key).starts_with(prefix))) return deleted;
    if (error != 0) return environment_->Error(error, "read");
    ARROW_RETURN_NOT_OK(Written(mdb_cursor_del(opened, 0)));
  }
  return rows_max;
}

base::Status EmbeddedTransaction::Put(std::string_view key, std::string_view value) {
  ARROW_RETURN_NOT_OK(CheckRow(key, value));
  ARROW_RETURN_NOT_OK(base::Failpoint("kv.put"));
  MDB_val name = Bytes(key);
  MDB_val bytes = Bytes(value);
  return Written(mdb_put(txn_, environment_->rows(), &name, &bytes, 0));
}

base::Status EmbeddedTransaction::Append(std::string_view key, std::string_view bytes) {
  ARROW_RETURN_NOT_OK(CheckRow(key, bytes));
  MDB_val name = Bytes(key);
  MDB_val value{};
  const int error = mdb_get(txn_, environment_->rows(), &name, &value);
  if (error != 0 && error != MDB_NOTFOUND) return environment_->Error(error, "read");
  // A copy: the put may move the page that the value lies on.
  grown_.assign(View(value));
  grown_ += bytes;
  return Put(key, grown_);
}

base::Status EmbeddedTransaction::Delete(std::string_view key) {
  ARROW_RETURN_NOT_OK(CheckKey(key));
  ARROW_RETURN_NOT_OK(base::Failpoint("kv.put"));
  MDB_val name = Bytes(key);
  const int error = mdb_del(txn_, environment_->rows(), &name, nullptr);
  return error == MDB_NOTFOUND ? base::Status::OK() : Written(error);
}

base::Status EmbeddedTransaction::Finish() {
  MILLRACE_CHECK(txn_ != nullptr);
  return Written(mdb_txn_commit(std::exchange(txn_, nullptr)));
}

base::Status EmbeddedTransaction::Commit() {
  ARROW_RETURN_NOT_OK(base::Failpoint("kv.commit.before"));
  if (fenced_) return Fenced(environment_->folder());
  ARROW_RETURN_NOT_OK(Finish());
  return base::Failpoint("kv.commit.after");
}

}  // namespace millrace::kv
