#include "kv/embedded/embedded_store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "base/failpoint.h"
#include "kv/embedded/embedded_transaction.h"
#include "kv/embedded/environment.h"
#include "kv/embedded/owner_lock.h"
#include "kv/embedded/system_error.h"
#include "kv/keys.h"

namespace millrace::kv {
namespace {

constexpr size_t kPieceBytes = size_t{8} << 20;  // of a bulk load, which commits go between
constexpr size_t kPieceRows = 10'000;            // of a deletion
constexpr size_t kRowBytesAbout = 64;            // that a page has besides key and value

MDB_val Bytes(std::string_view bytes) {
  return {.mv_size = bytes.size(), .mv_data = const_cast<char*>(bytes.data())};
}

std::string_view View(const MDB_val& bytes) {
  return {static_cast<const char*>(bytes.mv_data), bytes.mv_size};
}

class Reading {
 public:
  static base::Result<std::shared_ptr<const Reading>> Begin(
      const std::shared_ptr<Environment>& environment) {
    ARROW_ASSIGN_OR_RAISE(MDB_txn* const txn, environment->BeginRead());
    return std::shared_ptr<const Reading>(new Reading(environment, txn));
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  ~Reading() { environment_->EndRead(txn_); }

  MDB_txn* txn() const { return txn_; }
  const Environment& environment() const { return *environment_; }

 private:
  Reading(std::shared_ptr<Environment> environment, MDB_txn* txn)
      : environment_(std::move(environment)), txn_(txn) {}

  std::shared_ptr<Environment> environment_;
  MDB_txn* txn_;
};

class EmbeddedRange final : public RowReader {
 public:
  EmbeddedRange(std::shared_ptr<const Reading> reading, MDB_cursor* cursor, std::string_view prefix)
      : reading_(std::move(reading)), cursor_(cursor), prefix_(prefix) {}
  ~EmbeddedRange() override { mdb_cursor_close(cursor_); }

  base::Result<bool> Next(Row* row) override {
    if (ended_) return false;
    MDB_val key = Bytes(prefix_);
    MDB_val value{};
    MDB_cursor_op step = begun_ ? MDB_NEXT : prefix_.empty() ? MDB_FIRST : MDB_SET_RANGE;
    begun_ = true;
    const int error = mdb_cursor_get(cursor_, &key, &value, step);
    if (error != 0 && error != MDB_NOTFOUND) return reading_->environment().Error(error, "read");
    ended_ = error == MDB_NOTFOUND || !View(key).starts_with(prefix_);
    if (!ended_) *row = {View(key), View(value)};
    return !ended_;
  }

 private:
  std::shared_ptr<const Reading> reading_;
  MDB_cursor* cursor_;
  std::string prefix_;
  bool begun_ = false;
  bool ended_ = false;
};

class EmbeddedSnapshot final : public Snapshot {
 public:
  explicit EmbeddedSnapshot(std::shared_ptr<const Reading> reading)
      : reading_(std::move(reading)) {}

  base::Result<Found> GetMany(std::span<const std::string_view> keys) const override {
    const Environment& environment = reading_->environment();
    Found found{.values = {}, .owner = reading_};
    found.values.reserve(keys.size());
    for (const std::string_view key : keys) {
      ARROW_RETURN_NOT_OK(CheckKey(key));
      MDB_val name = Bytes(key);
      MDB_val value{};
      const int error = mdb_get(reading_->txn(), environment.rows(), &name, &value);
      if (error != 0 && error != MDB_NOTFOUND) return environment.Error(error, "read");
      found.values.push_back(error == 0 ? View(value) : std::optional<std::string_view>());
    }
    return found;
  }

  base::Result<std::unique_ptr<RowReader>> Range(std::string_view prefix) const override {
    const Environment& environment = reading_->environment();
    MDB_cursor* cursor = nullptr;
    const int error = mdb_cursor_open(reading_->txn(), environment.rows(), &cursor);
    if (error != 0) return environment.Error(error, "read");
    return std::make_unique<EmbeddedRange>(reading_, cursor, prefix);
  }

 private:
  std::shared_ptr<const Reading> reading_;
};

class EmbeddedStore final : public Store {
 public:
  EmbeddedStore(std::optional<OwnerLock> owner, std::shared_ptr<Environment> environment)
      : owner_(std::move(owner)), environment_(std::move(environment)) {}

  base::Result<std::unique_ptr<Snapshot>> Read() const override {
    ARROW_ASSIGN_OR_RAISE(auto reading, Reading::Begin(environment_));
    return std::make_unique<EmbeddedSnapshot>(std::move(reading));
  }

  base::Result<std::unique_ptr<Transaction>> Begin(Guard guard) override {
    if (!owner_) return ReadOnly(environment_->folder());
    ARROW_ASSIGN_OR_RAISE(auto writing, EmbeddedTransaction::Begin(environment_));
    ARROW_RETURN_NOT_OK(writing->Check(guard));
    return writing;
  }

  base::Status BulkLoad(RowReader* rows) override {
    if (!owner_) return ReadOnly(environment_->folder());
    bool more = true;
    std::string last;
    while (more) {
      ARROW_ASSIGN_OR_RAISE(more, LoadPiece(rows, &last));
    }
    return base::Status::OK();
  }

  base::Status DeletePrefix(std::string_view prefix) override {
    if (!owner_) return ReadOnly(environment_->folder());
    bool more = true;
    while (more) {
      ARROW_ASSIGN_OR_RAISE(auto writing, EmbeddedTransaction::Begin(environment_));
      ARROW_ASSIGN_OR_RAISE(const size_t deleted, writing->DeletePrefix(prefix, kPieceRows));
      ARROW_RETURN_NOT_OK(writing->Finish());
      more = deleted == kPieceRows;
    }
    return base::Status::OK();
  }

  base::Result<int64_t> SizeBytes() const override {
    const std::string path = environment_->folder() + "/data.mdb";
    struct stat file{};
    if (::stat(path.c_str(), &file) != 0) return StoreError(errno, "read", path);
    return int64_t{file.st_blocks} * 512;  // the unit of st_blocks
  }

 private:
  // False when `rows` has ended.
  base::Result<bool> LoadPiece(RowReader* rows, std::string* last) {
    ARROW_RETURN_NOT_OK(base::Failpoint("kv.bulk"));
    Row row;
    ARROW_ASSIGN_OR_RAISE(bool more, rows->Next(&row));
    if (!more) return false;
    ARROW_ASSIGN_OR_RAISE(auto writing, EmbeddedTransaction::Begin(environment_));
    ARROW_ASSIGN_OR_RAISE(auto loading, writing->BeginSorted());
    size_t bytes = 0;
    while (more) {
      ARROW_RETURN_NOT_OK(CheckAscends(*last, row));
      last->assign(row.key);
      ARROW_RETURN_NOT_OK(loading->Put(row));
      bytes += row.key.size() + row.value.size() + kRowBytesAbout;
      if (bytes >= kPieceBytes) break;
      ARROW_ASSIGN_OR_RAISE(more, rows->Next(&row));
    }
    loading.reset();
    ARROW_RETURN_NOT_OK(writing->Finish());
    return more;
  }

  std::optional<OwnerLock> owner_;
  std::shared_ptr<Environment> environment_;
};

// Whether the folder may become a store: nothing of somebody else lies in it.
base::Status CheckFolder(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    return base::Error(base::codes::kStoreFormat,
                       fmt::format("store {}: a file, where a store is a folder", folder));
  }
  std::string stranger;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name == "data.mdb") return base::Status::OK();
    if (name != "lock.mdb" && !name.starts_with("owner.")) stranger = name;
  }
  if (error) return StoreError(error.value(), "read", folder);
  if (stranger.empty()) return base::Status::OK();
  return base::Error(
      {.code = base::codes::kStoreFormat,
       .message = fmt::format("store {}: a folder of other things, such as {}", folder, stranger),
       .hint = "a store has a folder of its own"});
}

}  // namespace

base::Result<std::unique_ptr<Store>> OpenEmbeddedStore(const std::string& folder,
                                                       const OpenOptions& options) {
  std::error_code error;
  const bool there = std::filesystem::exists(folder, error);
  if (error) return StoreError(error.value(), "open", folder);
  if (options.read_only) {
    if (there) ARROW_RETURN_NOT_OK(CheckFolder(folder));
    ARROW_ASSIGN_OR_RAISE(auto environment, Environment::OpenToRead(folder));
    return std::make_unique<EmbeddedStore>(std::nullopt, std::move(environment));
  }
  std::filesystem::create_directories(folder, error);
  if (error && !there) return StoreError(error.value(), "make", folder);
  ARROW_RETURN_NOT_OK(CheckFolder(folder));
  ARROW_ASSIGN_OR_RAISE(OwnerLock owner, OwnerLock::Take(folder, options.wait_seconds));
  ARROW_ASSIGN_OR_RAISE(auto environment, Environment::OpenToWrite(folder, options.durability));
  return std::make_unique<EmbeddedStore>(std::move(owner), std::move(environment));
}

}  // namespace millrace::kv
