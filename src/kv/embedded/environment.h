// Environment: the LMDB file of an embedded store, open in this process once however many stores
// use it (LMDB loses its locks otherwise). Knows rows alone: who may write is OwnerLock's.
#pragma once

#include <lmdb.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "kv/store.h"

namespace millrace::kv {

class Environment {
 public:
  // Makes the file, and what says that it is a store, where they are missing. The folder exists,
  // and this process owns it. Errors: store_format, permission_denied, disk_full, io_error,
  // corrupt.
  static base::Result<std::shared_ptr<Environment>> OpenToWrite(const std::string& folder,
                                                                Durability durability);
  // Errors besides: file_not_found.
  static base::Result<std::shared_ptr<Environment>> OpenToRead(const std::string& folder);

  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

  MDB_env* env() const { return env_; }
  MDB_dbi rows() const { return rows_; }
  const std::string& folder() const { return folder_; }
  base::Status Error(int error, std::string_view doing) const;

  // What stopped a write that LMDB calls EIO: it says so too when only a part found space.
  int WriteError(int error) const;

  // A transaction that reads what is committed now; it goes back by EndRead, from any thread.
  base::Result<MDB_txn*> BeginRead();
  void EndRead(MDB_txn* txn);
  // Begun and ended by one thread; waits for the one before.
  base::Result<MDB_txn*> BeginWrite();

 private:
  explicit Environment(std::string folder) : folder_(std::move(folder)) {}
  static base::Result<std::shared_ptr<Environment>> Open(const std::string& folder, bool writes);
  base::Status OpenMap(bool writes);
  base::Status OpenMapToRead();
  base::Status OpenRows(bool writes);

  std::string folder_;
  std::string file_key_;  // in the list of open files; "" when it is in none
  MDB_env* env_ = nullptr;
  MDB_dbi rows_ = 0;
  std::mutex mutex_;
  std::vector<MDB_txn*> idle_reads_;  // reset: they hold a reader's slot but no pages
  int writes_begun_ = 0;              // by the one that writes
};

}  // namespace millrace::kv
