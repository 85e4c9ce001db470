// Store: an ordered map of bytes to bytes with atomic transactions, whichever engine holds it:
// memory, the embedded one (a folder) or Redis. Knows nothing of features; called by state.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace boost::asio {
class io_context;
}

namespace millrace::kv {

class AsyncReader;

inline constexpr size_t kKeyBytesMax = 511;
inline constexpr size_t kValueBytesMax = size_t{512} << 20;

struct Row {
  std::string_view key;    // 1 to kKeyBytesMax bytes; any other is the error `internal`
  std::string_view value;  // at most kValueBytesMax bytes, grown by appends too; likewise
};

// Rows in ascending byte order of their keys, each key once.
class RowReader {
 public:
  virtual ~RowReader() = default;
  // False at the end. `*row` is valid until the next call.
  virtual base::Result<bool> Next(Row* row) = 0;
};

// What was found, by key asked for; nothing where there is no such key. Valid while both the
// snapshot and `owner` live.
struct Found {
  std::vector<std::optional<std::string_view>> values;
  std::shared_ptr<const void> owner;
};

// The store as it was at one moment. One thread at a time; several snapshots may be read at once.
// Redis: each call sees one moment, calls that follow each other may see later ones (state's
// records are made for that: docs/formats/store.md).
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // Errors: io_error, corrupt, store_unavailable (Redis is gone).
  virtual base::Result<Found> GetMany(std::span<const std::string_view> keys) const = 0;
  // The rows whose keys begin with `prefix`. Redis: looks at every key of the database.
  virtual base::Result<std::unique_ptr<RowReader>> Range(std::string_view prefix) const = 0;
};

// A batch of changes that becomes visible at once, or never: without Commit nothing has happened.
// One at a time per store: Begin waits for the one before. One thread begins, fills, commits and
// destroys it. After an error nothing but its destructor may be called.
class Transaction {
 public:
  virtual ~Transaction() = default;
  // Of several changes of one key the last wins, an Append counting on top of those before it.
  virtual base::Status Put(std::string_view key, std::string_view value) = 0;
  // The merge: the value of `key` grows by `bytes` at its end; no value counts as an empty one.
  virtual base::Status Append(std::string_view key, std::string_view bytes) = 0;
  virtual base::Status Delete(std::string_view key) = 0;
  // Returns when the changes survive the end of this process, with Durability::kSync also a power
  // cut. Errors: store_fenced (the guard), disk_full, io_error, store_unavailable; then nothing has
  // happened, but for a connection that broke after the changes were sent, where store_unavailable
  // says that it is not known.
  virtual base::Status Commit() = 0;
};

// Nothing is changed unless `key` has this value at Commit (none: it is not there): how a writer
// that was replaced while it slept is kept out. An empty key guards nothing.
struct Guard {
  std::string key = {};
  std::optional<std::string> value = {};
};

// What a commit survives besides the end of its process: with kProcess a power cut may undo the
// last commits of an embedded store, but leaves it whole; with kSync it undoes none. Redis keeps
// what it is configured to keep.
enum class Durability { kProcess, kSync };

struct OpenOptions {
  std::string project = {};  // prefixes every key of a Redis store
  std::string folder = {};   // where relative paths of embedded stores start
  bool read_only = false;  // beside another process that owns it; file_not_found when there is none
  int wait_seconds = 10;   // for another owner of an embedded store to end
  Durability durability = Durability::kProcess;
};

// Safe from every thread. Outlives its transactions; snapshots and what was found may outlive it.
class Store {
 public:
  virtual ~Store() = default;
  virtual base::Result<std::unique_ptr<Snapshot>> Read() const = 0;
  virtual base::Result<std::unique_ptr<Transaction>> Begin(Guard guard) = 0;
  // Stores rows that nobody reads before a later Commit leads there: not atomic, fast, in bounded
  // memory. Survives what that Commit survives. REQUIRES: none of their keys exists; no transaction
  // of this thread is open.
  virtual base::Status BulkLoad(RowReader* rows) = 0;
  // Deletes every row whose key begins with `prefix`, piece by piece: not atomic. REQUIRES: no
  // transaction of this thread is open.
  virtual base::Status DeletePrefix(std::string_view prefix) = 0;
  // Bytes that the store takes: on disk, or in Redis' memory (all of the database).
  virtual base::Result<int64_t> SizeBytes() const = 0;
  // For the thread that runs `loop`, or will; kv/async_reader.h. nullptr: the store is in this
  // process, and its reads wait for nobody. Errors: io_error, bad_value (certificates).
  virtual base::Result<std::unique_ptr<AsyncReader>> ReadOn(
      std::shared_ptr<boost::asio::io_context> loop) const;
};

// "memory:", "lmdb:./online" (or what else is embedded), "redis://[user:password@]host:port/db",
// "rediss://…" (TLS), "unix:///path?db=N". Errors: bad_value (the URL, naming what is possible),
// store_owned (another process has it; names its pid), store_format (made by another millrace or
// not a store), permission_denied (Redis' password too), disk_full, store_unavailable (Redis does
// not answer; within seconds, as in every call: kv/redis/connection.h), file_not_found (read_only).
base::Result<std::unique_ptr<Store>> OpenStore(const std::string& url, const OpenOptions& options);

// Where an embedded store lies; nothing when `url` is of another engine. `folder`: as OpenOptions.
std::optional<std::string> EmbeddedFolder(const std::string& url, const std::string& folder);

// A store in memory, for tests and rebuilding elsewhere.
std::unique_ptr<Store> MakeMemoryStore();

}  // namespace millrace::kv
