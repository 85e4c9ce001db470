#include "kv/embedded/environment.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>

#include "kv/embedded/system_error.h"

namespace millrace::kv {
namespace {

namespace codes = base::codes;

// Address space alone: the file grows as rows come.
constexpr size_t kMapBytes = size_t{1} << 40;
constexpr size_t kMapBytesMin = size_t{1} << 30;  // where 1 TiB is refused, down to this
constexpr unsigned kReaders = 1022;               // snapshots at once, of all processes
constexpr int kWritesPerReaderCheck = 256;

// The rows lie in a table of their own, so that no key of theirs meets ours.
constexpr const char* kRowsTable = "rows";
constexpr const char* kFormatKey = "format";
constexpr std::string_view kFormat = "millrace store, format 1";

MDB_val Bytes(std::string_view bytes) {
  return {.mv_size = bytes.size(), .mv_data = const_cast<char*>(bytes.data())};
}

// Ends a transaction that was not committed.
struct Abort {
  void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
};
using OpenTxn = std::unique_ptr<MDB_txn, Abort>;

struct OpenFile {
  MDB_env* env = nullptr;
  MDB_dbi rows = 0;
  int users = 0;
};

// The files that are open in this process, by their canonical path. Held while one is opened or
// closed.
std::mutex open_files_mutex;
std::map<std::string, OpenFile>& OpenFiles() {
  static auto* files = new std::map<std::string, OpenFile>();
  return *files;
}

base::Status NotAStore(std::string_view folder, std::string_view what) {
  return base::Error(codes::kStoreFormat, fmt::format("store {}: {}", folder, what));
}

base::Status NoStore(std::string_view folder) {
  return base::Error({.code = codes::kNotFound,
                      .message = fmt::format("store {}: there is none yet", folder),
                      .hint = "materialize, push or stream makes it"});
}

}  // namespace

base::Status Environment::Error(int error, std::string_view doing) const {
  return StoreError(error, doing, folder_);
}

int Environment::WriteError(int error) const {
  int file = -1;
  if (error != EIO || mdb_env_get_fd(env_, &file) != 0) return error;
  // The next byte behind the file's end, which no committed page is on.
  struct stat found{};
  const char byte = 0;
  if (::fstat(file, &found) != 0 || ::pwrite(file, &byte, 1, found.st_size) == 1) return error;
  return errno;
}

base::Result<std::shared_ptr<Environment>> Environment::OpenToWrite(const std::string& folder,
                                                                    Durability durability) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Environment> opened, Open(folder, /*writes=*/true));
  // The rows of a commit are on disk before it returns either way, so that a power cut cannot
  // break the file; without the second flush, of the page that names them, it may undo commits.
  const bool flush_once = durability == Durability::kProcess;
  const int error = mdb_env_set_flags(opened->env_, MDB_NOMETASYNC, flush_once ? 1 : 0);
  if (error != 0) return opened->Error(error, "open");
  return opened;
}

base::Result<std::shared_ptr<Environment>> Environment::OpenToRead(const std::string& folder) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(folder + "/data.mdb", error);
  if (error == std::errc::permission_denied) return StoreError(EACCES, "read", folder);
  if (error || bytes == 0) return NoStore(folder);
  return Open(folder, /*writes=*/false);
}

base::Result<std::shared_ptr<Environment>> Environment::Open(const std::string& folder,
                                                             bool writes) {
  std::error_code error;
  const std::string key = std::filesystem::canonical(folder, error).string();
  if (error) return StoreError(error.value(), "open", folder);
  std::shared_ptr<Environment> opened(new Environment(folder));
  const std::lock_guard lock(open_files_mutex);
  if (const auto at = OpenFiles().find(key); at != OpenFiles().end()) {
    OpenFile& file = at->second;
    unsigned flags = 0;
    mdb_env_get_flags(file.env, &flags);
    if (writes && (flags & MDB_RDONLY) != 0) return StoreError(EACCES, "write", folder);
    opened->env_ = file.env;
    opened->rows_ = file.rows;
    ++file.users;
  } else {
    ARROW_RETURN_NOT_OK(opened->OpenMap(writes));
    ARROW_RETURN_NOT_OK(opened->OpenRows(writes));
    OpenFiles()[key] = {.env = opened->env_, .rows = opened->rows_, .users = 1};
  }
  opened->file_key_ = key;
  return opened;
}

Environment::~Environment() {
  for (MDB_txn* txn : idle_reads_) mdb_txn_abort(txn);
  if (env_ == nullptr) return;
  if (file_key_.empty()) {  // it did not get as far as the list
    mdb_env_close(env_);
    return;
  }
  const std::lock_guard lock(open_files_mutex);
  const auto at = OpenFiles().find(file_key_);
  if (--at->second.users > 0) return;
  mdb_env_close(env_);
  OpenFiles().erase(at);
}

base::Status Environment::OpenMap(bool writes) {
  for (size_t bytes = kMapBytes;; bytes /= 4) {
    int error = mdb_env_create(&env_);
    if (error != 0) return Error(error, "open");
    mdb_env_set_mapsize(env_, bytes);
    mdb_env_set_maxdbs(env_, 1);
    mdb_env_set_maxreaders(env_, kReaders);
    // Snapshots move between threads. Readers register themselves in the lock file, so they too
    // open it for writing, unless that is not allowed.
    error = mdb_env_open(env_, folder_.c_str(), MDB_NOTLS, 0666);
    if (error == 0) break;
    mdb_env_close(env_);  // a failed open takes no second one
    env_ = nullptr;
    if (!writes && (error == EACCES || error == EROFS)) return OpenMapToRead();
    if (error != ENOMEM || bytes <= kMapBytesMin) return Error(error, "open");
  }
  mdb_reader_check(env_, nullptr);
  return base::Status::OK();
}

base::Status Environment::OpenMapToRead() {
  int error = mdb_env_create(&env_);
  if (error != 0) return Error(error, "open");
  mdb_env_set_maxdbs(env_, 1);
  error = mdb_env_open(env_, folder_.c_str(), MDB_NOTLS | MDB_RDONLY, 0666);
  return error == 0 ? base::Status::OK() : Error(error, "read");
}

base::Status Environment::OpenRows(bool writes) {
  MDB_txn* begun = nullptr;
  int error = mdb_txn_begin(env_, nullptr, writes ? 0 : MDB_RDONLY, &begun);
  if (error != 0) return Error(error, "open");
  OpenTxn txn(begun);
  MDB_dbi ours = 0;
  MDB_stat stat{};
  if ((error = mdb_dbi_open(begun, nullptr, 0, &ours)) != 0) return Error(error, "open");
  if ((error = mdb_stat(begun, ours, &stat)) != 0) return Error(error, "read");
  MDB_val key = Bytes(kFormatKey);
  MDB_val format = Bytes(kFormat);
  if (stat.ms_entries == 0) {  // new, or made by a process that was killed then
    if (!writes) return NoStore(folder_);
    error = mdb_put(begun, ours, &key, &format, 0);
    if (error != 0) return Error(error, "write");
  } else {
    error = mdb_get(begun, ours, &key, &format);
    if (error == MDB_NOTFOUND) return NotAStore(folder_, "an LMDB file, but not a store");
    if (error != 0) return Error(error, "read");
    const std::string_view found(static_cast<const char*>(format.mv_data), format.mv_size);
    if (found != kFormat) {
      return NotAStore(folder_, fmt::format("it is '{}', this millrace has '{}'", found, kFormat));
    }
  }
  error = mdb_dbi_open(begun, kRowsTable, writes ? MDB_CREATE : 0, &rows_);
  if (error != 0) return Error(error, "open");
  error = mdb_txn_commit(txn.release());
  return error == 0 ? base::Status::OK() : Error(error, "open");
}

base::Result<MDB_txn*> Environment::BeginRead() {
  MDB_txn* txn = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_reads_.empty()) {
      txn = idle_reads_.back();
      idle_reads_.pop_back();
    }
  }
  if (txn != nullptr) {
    const int error = mdb_txn_renew(txn);
    if (error == 0) return txn;
    mdb_txn_abort(txn);
    return Error(error, "read");
  }
  int error = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (error == MDB_READERS_FULL) {
    mdb_reader_check(env_, nullptr);
    error = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  }
  if (error != 0) return Error(error, "read");
  return txn;
}

void Environment::EndRead(MDB_txn* txn) {
  mdb_txn_reset(txn);
  const std::lock_guard lock(mutex_);
  idle_reads_.push_back(txn);
}

base::Result<MDB_txn*> Environment::BeginWrite() {
  MDB_txn* txn = nullptr;
  const int error = mdb_txn_begin(env_, nullptr, 0, &txn);
  if (error != 0) return Error(error, "write");
  // A reader that was killed keeps pages from being used again until it is noticed.
  if (++writes_begun_ % kWritesPerReaderCheck == 0) mdb_reader_check(env_, nullptr);
  return txn;
}

}  // namespace millrace::kv
