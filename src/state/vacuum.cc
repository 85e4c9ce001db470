// Keys are read one after the other and written by a KeyWriter that is given no row; of what it
// writes only what differs becomes a change.
#include "state/vacuum.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "state/format/description.h"
#include "state/format/key_head.h"
#include "state/format/store_keys.h"
#include "state/key/key_writer.h"
#include "state/key/row_sink.h"

namespace millrace::state {

using base::Result;
using base::Status;

namespace {

constexpr int64_t kKeysPerCommit = 4'096;

// The rows of one key as they are, and what a KeyWriter makes of them.
class KeyChanges final : public RowSink {
 public:
  void Begin(std::string_view prefix) {
    prefix_ = prefix;
    stored_.clear();
    puts_.clear();
    deletes_.clear();
    head_.reset();
  }
  void AddStored(const kv::Row& row) {
    stored_.insert(std::string(row.key));
    if (row.key == KeyRows(prefix_).Head()) head_ = row.value;
  }
  const std::string& prefix() const { return prefix_; }
  const std::optional<std::string>& head() const { return head_; }

  Status Put(std::string key, std::string value) override {
    if (key == KeyRows(prefix_).Head() && head_ == value) return Status::OK();
    deletes_.erase(key);
    puts_.emplace_back(std::move(key), std::move(value));
    return Status::OK();
  }
  // Only rows that were added make a chain grow.
  Status Append(std::string, std::string) override {
    return base::Error(base::codes::kInternal, "a key grew while it was vacuumed");
  }
  Status Delete(std::string key) override {
    if (stored_.contains(key)) deletes_.insert(std::move(key));
    return Status::OK();
  }

  bool any() const { return !puts_.empty() || !deletes_.empty(); }
  // Whether no row, chunk or tile is left; then the rest of it is deleted too.
  Result<bool> DeleteIfEmpty() {
    std::string_view head = *head_;
    for (const auto& [key, value] : puts_) {
      if (key == KeyRows(prefix_).Head()) head = value;
      if (HoldsEvents(key)) return false;
    }
    ARROW_ASSIGN_OR_RAISE(const KeyHead decoded, KeyHead::Decode(head));
    if (decoded.open_rows > 0) return false;
    for (const std::string& key : stored_) {
      if (HoldsEvents(key) && !deletes_.contains(key)) return false;
    }
    puts_.clear();
    deletes_ = stored_;
    return true;
  }
  Status Apply(kv::Transaction* transaction) const {
    for (const auto& [key, value] : puts_) ARROW_RETURN_NOT_OK(transaction->Put(key, value));
    for (const std::string& key : deletes_) ARROW_RETURN_NOT_OK(transaction->Delete(key));
    return Status::OK();
  }

 private:
  bool HoldsEvents(const std::string& key) const {
    return key[prefix_.size()] == 'C' || key[prefix_.size()] == 'T';
  }

  std::string prefix_;
  std::set<std::string> stored_;
  std::optional<std::string> head_;
  std::vector<std::pair<std::string, std::string>> puts_;
  std::set<std::string> deletes_;
};

class VacuumRun {
 public:
  VacuumRun(kv::Store* store, const VacuumOptions& options) : store_(store), options_(options) {}

  Status Open(const std::vector<LiveView>& views);
  Status PassKeys();
  Status RemoveTables();
  VacuumReport report() const { return report_; }

 private:
  void FindUnused(const std::vector<LiveView>& views);
  std::vector<uint32_t> Unknown() const;
  Status EndBuilds();
  Status PassTable(const LiveTable& live);
  Status FinishKey(KeyWriter* writer);
  Status BeginChange();
  Status CommitChange();

  kv::Store* const store_;
  const VacuumOptions& options_;
  std::unique_ptr<kv::Snapshot> before_;
  Description description_;
  Catalog catalog_;  // as it will be
  base::EventTime now_;
  LiveTables live_;
  KeyChanges key_;
  std::unique_ptr<kv::Transaction> transaction_;
  int64_t keys_in_transaction_ = 0;
  VacuumReport report_;
};

Status VacuumRun::Open(const std::vector<LiveView>& views) {
  ARROW_ASSIGN_OR_RAISE(before_, store_->Read());
  ARROW_ASSIGN_OR_RAISE(description_, Description::Read(*before_, options_.project));
  report_.commit = description_.commit.number;
  now_ = description_.Now(options_.now);
  live_ = LiveTables::Choose(views, description_.catalog, now_);
  catalog_ = description_.catalog;
  FindUnused(views);
  for (const auto& live : live_.tables) {
    for (Table& table : catalog_.tables) {
      if (table.number != live->table.number) continue;
      table.complete_since = std::max(table.complete_since, live->kept.KeepFrom(now_));
    }
  }
  return Status::OK();
}

// What updates write and what reads are bound to stays.
void VacuumRun::FindUnused(const std::vector<LiveView>& views) {
  std::set<uint32_t> used;
  for (const auto& live : live_.tables) used.insert(live->table.number);
  for (const LiveView& view : views) {
    const auto bound = BindReady(*view.plan, view.of(), description_.catalog, now_);
    if (bound.has_value()) used.insert(bound->table->number);
  }
  report_.tables_removed = static_cast<int>(std::erase_if(
      catalog_.tables, [&](const Table& table) { return !used.contains(table.number); }));
}

Status VacuumRun::PassKeys() {
  for (const auto& live : live_.tables) ARROW_RETURN_NOT_OK(PassTable(*live));
  if (report_.tables_removed > 0) ARROW_RETURN_NOT_OK(BeginChange());
  ARROW_RETURN_NOT_OK(EndBuilds());
  return CommitChange();
}

// Whoever still builds one of them finds out before its commit, and begins anew. Whoever has
// committed one since Open fences this run.
Status VacuumRun::EndBuilds() {
  const std::vector<uint32_t> unknown = Unknown();
  for (const uint32_t number : unknown) {
    const std::string key = BuildKey(number);
    const std::string_view asked = key;
    ARROW_ASSIGN_OR_RAISE(const kv::Found found, before_->GetMany(std::span(&asked, 1)));
    if (!found.values[0].has_value()) continue;
    ARROW_RETURN_NOT_OK(BeginChange());
    ARROW_RETURN_NOT_OK(transaction_->Delete(key));
  }
  if (transaction_ != nullptr || unknown.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto nothing,
                        store_->Begin({CommitKey(), description_.commit_bytes}));
  return nothing->Commit();
}

// Numbers are given once: what no table of the catalogue has is nobody's.
std::vector<uint32_t> VacuumRun::Unknown() const {
  std::set<uint32_t> known;
  for (const Table& table : catalog_.tables) known.insert(table.number);
  std::vector<uint32_t> unknown;
  for (uint32_t number = 1; number < catalog_.next_number; ++number) {
    if (!known.contains(number)) unknown.push_back(number);
  }
  return unknown;
}

Status VacuumRun::PassTable(const LiveTable& live) {
  KeptTimes kept;
  kept.thorough = true;
  kept.settled = live.kept.Settled(now_);
  if (live.table.kind == features::ViewKind::kWindowed) kept.keep_from = live.kept.KeepFrom(now_);
  KeyWriter writer(live.bound, kept, before_.get(), &key_);
  ARROW_ASSIGN_OR_RAISE(const auto rows, before_->Range(TablePrefix(live.table.number)));
  key_.Begin("");
  kv::Row row;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool more, rows->Next(&row));
    if (!more) break;
    ARROW_ASSIGN_OR_RAISE(const std::string_view prefix,
                          KeyRows::PrefixOf(row.key, live.table.keys.size()));
    if (prefix != key_.prefix()) {
      ARROW_RETURN_NOT_OK(FinishKey(&writer));
      key_.Begin(prefix);
    }
    key_.AddStored(row);
  }
  return FinishKey(&writer);
}

Status VacuumRun::FinishKey(KeyWriter* writer) {
  if (!key_.head().has_value()) return Status::OK();
  ++report_.keys;
  ARROW_ASSIGN_OR_RAISE(const KeyHead head, KeyHead::Decode(*key_.head()));
  ARROW_RETURN_NOT_OK(writer->Begin(key_.prefix(), head.whole_key, *key_.head()));
  ARROW_RETURN_NOT_OK(writer->Finish());
  ARROW_ASSIGN_OR_RAISE(const bool empty, key_.DeleteIfEmpty());
  if (!key_.any()) return Status::OK();
  ++(empty ? report_.keys_removed : report_.keys_changed);
  ARROW_RETURN_NOT_OK(BeginChange());
  ARROW_RETURN_NOT_OK(key_.Apply(transaction_.get()));
  return ++keys_in_transaction_ < kKeysPerCommit ? Status::OK() : CommitChange();
}

// Every change says so in the commit, which whoever has read the store before is fenced by.
Status VacuumRun::BeginChange() {
  if (transaction_ != nullptr) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(transaction_, store_->Begin({CommitKey(), description_.commit_bytes}));
  // Before anything goes, it says what is complete no longer.
  ARROW_ASSIGN_OR_RAISE(
      description_.commit,
      description_.PutNext({options_.project, catalog_, now_}, transaction_.get()));
  description_.commit_bytes = description_.commit.Encode();
  description_.catalog = catalog_;
  return Status::OK();
}

Status VacuumRun::CommitChange() {
  if (transaction_ == nullptr) return Status::OK();
  ARROW_RETURN_NOT_OK(transaction_->Commit());
  transaction_ = nullptr;
  keys_in_transaction_ = 0;
  report_.commit = description_.commit.number;
  report_.changed = true;
  return Status::OK();
}

Status VacuumRun::RemoveTables() {
  for (const uint32_t number : Unknown()) {
    ARROW_RETURN_NOT_OK(store_->DeletePrefix(TablePrefix(number)));
    ARROW_RETURN_NOT_OK(store_->DeletePrefix(PlacesPrefix(number)));
  }
  return Status::OK();
}

}  // namespace

Result<VacuumReport> Vacuum(kv::Store* store, const std::vector<LiveView>& views,
                            const VacuumOptions& options) {
  VacuumRun run(store, options);
  ARROW_RETURN_NOT_OK(run.Open(views));
  ARROW_RETURN_NOT_OK(run.PassKeys());
  ARROW_RETURN_NOT_OK(run.RemoveTables());
  return run.report();
}

}  // namespace millrace::state
