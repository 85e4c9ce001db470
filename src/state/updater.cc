// Rows are encoded as they come and sorted by key. New tables are loaded in bulk, which nobody
// sees; then one transaction changes the keys that were there, and makes everything visible.
#include "state/updater.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "state/bulk_rows.h"
#include "state/format/row_bytes.h"
#include "state/format/store_keys.h"
#include "state/sort/counted_rows.h"
#include "state/sort/key_batch.h"
#include "state/transaction_sink.h"
#include "window/window.h"

namespace millrace::state {

using base::EventTime;
using base::Result;
using base::Status;
using columns::Column;
using columns::EventBatch;
using columns::OwnedColumn;

Updater::Updater(kv::Store* store, UpdaterOptions options)
    : store_(store), options_(std::move(options)) {}

Updater::~Updater() = default;

Result<std::unique_ptr<Updater>> Updater::Open(kv::Store* store, const std::vector<LiveView>& views,
                                               UpdaterOptions options) {
  std::unique_ptr<Updater> updater(new Updater(store, std::move(options)));
  ARROW_ASSIGN_OR_RAISE(updater->before_, store->Read());
  ARROW_ASSIGN_OR_RAISE(updater->description_,
                        Description::Read(*updater->before_, updater->options_.project));
  const EventTime now = updater->description_.Now(updater->options_.now);
  updater->live_ = LiveTables::Choose(views, updater->description_.catalog, now);
  const int64_t share = updater->options_.memory_bytes / 2;
  updater->stored_rows_ = std::make_unique<RowSorter>(share, updater->options_.open_spill);
  updater->fresh_rows_ = std::make_unique<RowSorter>(share, updater->options_.open_spill);
  for (const auto& live : updater->live_.tables) {
    auto work = std::make_unique<TableWork>();
    work->live = live.get();
    if (live->fresh) live->table.chunks = updater->options_.chunks;
    for (const LiveView& view : live->views) work->projectors.emplace_back(*view.plan, view.of());
    updater->works_.push_back(std::move(work));
  }
  updater->SetNow(now);
  if (updater->options_.beside_others && updater->HasFresh()) {
    ARROW_RETURN_NOT_OK(updater->TakeNumbers());
  }
  ARROW_RETURN_NOT_OK(updater->OpenLookups());
  return updater;
}

bool Updater::HasFresh() const {
  return std::any_of(works_.begin(), works_.end(),
                     [](const auto& work) { return work->live->fresh; });
}

// A number that was taken is never given again, whatever becomes of its table.
Status Updater::TakeNumbers() {
  ARROW_ASSIGN_OR_RAISE(const auto transaction,
                        store_->Begin({CommitKey(), description_.commit_bytes}));
  Catalog catalog = description_.catalog;
  for (const auto& work : works_) {
    if (!work->live->fresh) continue;
    const uint32_t number = work->live->table.number;
    catalog.next_number = std::max(catalog.next_number, number + 1);
    ARROW_RETURN_NOT_OK(transaction->Put(BuildKey(number), ""));
  }
  ARROW_ASSIGN_OR_RAISE(const CommitRecord commit,
                        description_.PutNext({options_.project, catalog, now_}, transaction.get()));
  ARROW_RETURN_NOT_OK(transaction->Commit());
  ARROW_ASSIGN_OR_RAISE(before_, store_->Read());
  ARROW_ASSIGN_OR_RAISE(description_, Description::Read(*before_, options_.project));
  return description_.commit.catalog_version == commit.catalog_version
             ? Status::OK()
             : Fenced(description_.commit.number);
}

void Updater::SetNow(EventTime now) {
  now_ = now;
  for (const auto& work : works_) work->SetNow(now);
}

void Updater::ReadFrom(std::unique_ptr<kv::Snapshot> now) {
  for (const auto& work : works_) {
    for (LookedUpRows* rows : work->feeds) {
      if (!work->live->fresh) rows->Follow(now.get());
    }
  }
  before_ = std::move(now);
}

// Who looks up what: views that are looked up are kept at hand.
Status Updater::OpenLookups() {
  for (const auto& live : live_.tables) {
    for (const LiveView& view : live->views) {
      for (const features::Lookup& lookup : view.of().lookups) {
        const int target = live_.FindTable(view.plan, lookup.view);
        if (target < 0) {
          return base::Error(base::codes::kNotReady, "view '" + view.of().name + "' looks up '" +
                                                         view.plan->views[lookup.view].name +
                                                         "', which is not materialized yet");
        }
        TableWork& work = *works_[target];
        work.looked_up_by.insert(live.get());
        auto& rows = looked_up_[{view.plan, lookup.view}];
        if (rows != nullptr) continue;
        const LiveTable& of = *live_.tables[target];
        const auto binding = BindTable(*view.plan, view.plan->views[lookup.view], of.table);
        MILLRACE_CHECK(binding.has_value());
        rows = std::make_unique<LookedUpRows>(*binding, of.fresh ? nullptr : before_.get());
        work.feeds.push_back(rows.get());
      }
    }
  }
  for (const auto& work : works_) work->FindLookedUpUntil();
  return Status::OK();
}

Result<std::vector<FilePlace>> Updater::Files(int table) const {
  const LiveTable& live = *live_.tables[table];
  if (live.fresh) return std::vector<FilePlace>();
  return ReadFiles(*before_, live.table.number);
}

Result<int64_t> Updater::Offset(int table, std::string_view origin) {
  return works_[table]->Offset(origin, *before_);
}

void Updater::AddFile(int table, FilePlace file) {
  works_[table]->files.push_back(std::move(file));
  works_[table]->changed = true;
}

void Updater::SetOffset(int table, std::string origin, int64_t next_row) {
  works_[table]->offsets[std::move(origin)] = next_row;
  works_[table]->changed = true;
}

Status Updater::Add(const EventBatch& batch, const std::vector<int>& tables) {
  for (const int table : tables) ARROW_RETURN_NOT_OK(AddTo(works_[table].get(), batch));
  ARROW_RETURN_NOT_OK(stored_rows_->EndBatch());
  return fresh_rows_->EndBatch();
}

// The columns that a view's rows gain by its lookups, after the source's own.
Result<std::vector<Column>> Updater::LookUp(const LiveView& live, const EventBatch& batch,
                                            std::vector<OwnedColumn>* owned) {
  const features::View& view = live.of();
  const size_t own = batch.columns.size();
  std::vector<Column> gained(view.lookups.empty() ? 0 : view.row_columns.size() - own);
  for (const features::Lookup& lookup : view.lookups) {
    ARROW_ASSIGN_OR_RAISE(std::vector<OwnedColumn> columns,
                          looked_up_.at({live.plan, lookup.view})->LookUp(lookup, batch));
    for (size_t i = 0; i < columns.size(); ++i) {
      gained[lookup.first_column - own + i] = columns[i].view;
      owned->push_back(std::move(columns[i]));
    }
  }
  return gained;
}

Status Updater::AddTo(TableWork* work, const EventBatch& batch) {
  const LiveTable& live = *work->live;
  std::vector<OwnedColumn> owned;
  std::vector<features::ViewRows> rows;
  EventColumns events;
  events.size = batch.size;
  events.times = batch.event_times.data();
  if (live.table.has_created) events.created = batch.created.data();
  events.cells.resize(live.table.columns.size());
  for (size_t v = 0; v < live.views.size(); ++v) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<Column> gained, LookUp(live.views[v], batch, &owned));
    rows.push_back(work->projectors[v].Run(batch, gained));
    report_.rejected.Merge(rows.back().rejected);
    PlaceCells(live.bindings[v], rows.back(), &events.cells);
  }
  work->FillNulls(batch.size, &events);
  return AddRows(work, rows[0], events);
}

// Which rows of a batch there are, and by which key, is the same for all views of an event id.
Status Updater::AddRows(TableWork* work, const features::ViewRows& rows,
                        const EventColumns& events) {
  LiveTable& live = *work->live;
  RowSorter& sorter = live.fresh && !loaded_ ? *fresh_rows_ : *stored_rows_;
  std::vector<int64_t> numbers(rows.keys.size(), -1);
  const bool looks_up = !live.views[0].of().lookups.empty();
  base::ByteWriter bytes;  // of all rows
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    const int64_t row = rows.rows[i];
    const EventTime time = events.times[row];
    if (time < work->kept.keep_from) {
      ++report_.expired;
      continue;
    }
    const std::string_view key = rows.keys[rows.key_of[i]];
    int64_t& number = numbers[rows.key_of[i]];
    if (number < 0) {
      const KeyRows of_key(live.table.number, key);
      number = sorter.KeyNumber({of_key.prefix(), of_key.is_cut() ? key : std::string_view()});
    }
    const EventTime created = events.created == nullptr ? EventTime() : events.created[row];
    const size_t before = bytes.bytes().size();
    AppendRow(events, row, &bytes);
    sorter.Add(static_cast<uint32_t>(number), time, created,
               std::string_view(bytes.bytes()).substr(before));
    for (LookedUpRows* looked_up : work->feeds) looked_up->Add(key, events, row);
    const std::optional<EventTime> known =
        events.created == nullptr ? std::nullopt : std::optional(created);
    if (!work->feeds.empty() && window::SnapshotEntry(time, known) <= work->looked_up_until) {
      ++report_.lookup_behind;
    }
    if (looks_up) {
      live.table.looked_up_until =
          std::max(live.table.looked_up_until, window::LookupTime(time, known));
    }
    ++report_.rows;
    work->changed = true;
  }
  return Status::OK();
}

std::unique_ptr<KeyWriter> Updater::MakeWriter(std::string_view prefix, RowSink* sink) const {
  for (const auto& work : works_) {
    if (TablePrefix(work->live->table.number) != KeyRows::TablePart(prefix)) continue;
    const bool empty = work->live->fresh && !loaded_;
    const kv::Snapshot* before = empty ? nullptr : before_.get();
    return std::make_unique<KeyWriter>(work->live->bound, work->kept, before, sink);
  }
  MILLRACE_CHECK(false);
  return nullptr;
}

Status Updater::Fenced(int64_t commit) const {
  return base::Error(base::codes::kStoreFenced,
                     fmt::format("the store is at commit {}, which another writer made after {}",
                                 commit, description_.commit.number));
}

// Whoever committed meanwhile may have given its own fresh table the number of one of these.
Status Updater::CheckUnchanged() const {
  ARROW_ASSIGN_OR_RAISE(const auto now, store_->Read());
  ARROW_ASSIGN_OR_RAISE(const Description found, Description::Read(*now, options_.project));
  return found.commit_bytes == description_.commit_bytes ? Status::OK()
                                                         : Fenced(found.commit.number);
}

Status Updater::Follow() {
  ARROW_ASSIGN_OR_RAISE(auto now, store_->Read());
  ARROW_ASSIGN_OR_RAISE(Description found, Description::Read(*now, options_.project));
  if (found.commit_bytes == description_.commit_bytes) return Status::OK();
  // Views are bound to the same tables, and numbers of new ones are free, only so long.
  const bool same_tables = description_.commit_bytes.has_value() &&
                           found.commit.catalog_version == description_.commit.catalog_version;
  if (!same_tables) return Fenced(found.commit.number);
  for (const auto& work : works_) {
    ARROW_ASSIGN_OR_RAISE(const bool lost, work->IsLost(*now, options_.beside_others));
    if (lost) return Fenced(found.commit.number);
  }
  for (const auto& work : works_) report_.lookup_behind += work->CountBehind(found.catalog);
  live_.Follow(found.catalog);
  for (const auto& work : works_) work->FindLookedUpUntil();
  ReadFrom(std::move(now));
  description_ = std::move(found);
  SetNow(description_.Now(now_));
  return Status::OK();
}

Status Updater::DropRows() const {
  for (const auto& work : works_) {
    if (!work->live->fresh) continue;
    ARROW_RETURN_NOT_OK(store_->DeletePrefix(TablePrefix(work->live->table.number)));
  }
  return Status::OK();
}

Status Updater::LoadFresh() {
  if (!options_.beside_others) ARROW_RETURN_NOT_OK(CheckUnchanged());
  ARROW_RETURN_NOT_OK(DropRows());  // what a load left that did not come to its commit
  ARROW_ASSIGN_OR_RAISE(const auto sorted, fresh_rows_->Finish());
  CountedRows counted(sorted.get(), options_.progress);
  BulkRows rows(&counted, [this](std::string_view prefix, RowSink* sink) {
    return MakeWriter(prefix, sink);
  });
  return store_->BulkLoad(&rows);
}

Status Updater::Load() {
  MILLRACE_CHECK(options_.beside_others && !loaded_);
  if (!HasFresh()) return Status::OK();
  if (options_.progress != nullptr)
    options_.progress->Begin("writing", fresh_rows_->rows(), "rows");
  if (const Status loaded = LoadFresh(); !loaded.ok()) {
    static_cast<void>(DropRows());
    return loaded;
  }
  if (options_.progress != nullptr) options_.progress->End();
  loaded_ = true;
  fresh_rows_ = std::make_unique<RowSorter>(0, OpenSpillFile());
  // Should others have committed, it is of a later moment than the guard, and no commit succeeds
  // before Follow.
  ARROW_ASSIGN_OR_RAISE(auto now, store_->Read());
  ReadFrom(std::move(now));
  return Status::OK();
}

Status Updater::DropLoaded() const {
  return loaded_ ? DropRows() : Status::OK();
}

Status Updater::ApplyRows(kv::Transaction* transaction) {
  if (stored_rows_->rows() == 0) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto sorted, stored_rows_->Finish());
  TransactionSink sink(transaction);
  CountedRows counted(sorted.get(), options_.progress);
  KeyBatch batch(&counted);
  std::unique_ptr<KeyWriter> writer;
  std::string table;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool more, batch.Fill());
    if (!more) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const kv::Found heads, before_->GetMany(batch.heads()));
    for (size_t i = 0; i < batch.size(); ++i) {
      const SortedKey key = batch.key(i);
      if (writer == nullptr || KeyRows::TablePart(key.prefix) != table) {
        table = KeyRows::TablePart(key.prefix);
        writer = MakeWriter(key.prefix, &sink);
      }
      ARROW_RETURN_NOT_OK(writer->Begin(key.prefix, key.whole_key, heads.values[i]));
      ARROW_RETURN_NOT_OK(batch.ForRows(i, [&](std::string_view row) { return writer->Add(row); }));
      ARROW_RETURN_NOT_OK(writer->Finish());
    }
  }
}

// Tables of earlier definitions that rows of their source did not reach: never complete again.
void Updater::LeaveBehind(Catalog* catalog) const {
  for (Table& table : catalog->tables) {
    const bool live = std::any_of(works_.begin(), works_.end(), [&](const auto& work) {
      return work->live->table.number == table.number;
    });
    const bool passed = std::any_of(works_.begin(), works_.end(), [&](const auto& work) {
      return work->changed && work->live->table.source == table.source;
    });
    if (!live && passed) table.complete_since = EventTime::Max();
  }
}

Status Updater::DescribeTables(kv::Transaction* transaction) {
  Catalog catalog = description_.catalog;
  for (const auto& work : works_) {
    LiveTable& live = *work->live;
    // What ended before may have been dropped.
    live.table.complete_since = std::max(live.table.complete_since, live.kept.KeepFrom(now_));
    const auto known =
        std::find_if(catalog.tables.begin(), catalog.tables.end(),
                     [&](const Table& table) { return table.number == live.table.number; });
    if (known == catalog.tables.end()) {
      catalog.tables.push_back(live.table);
      catalog.next_number = std::max(catalog.next_number, live.table.number + 1);
    } else {
      *known = live.table;
    }
    ARROW_RETURN_NOT_OK(work->PutPlaces(transaction));
  }
  LeaveBehind(&catalog);
  ARROW_ASSIGN_OR_RAISE(const CommitRecord commit,
                        description_.PutNext({options_.project, catalog, now_}, transaction));
  report_.commit = commit.number;
  return Status::OK();
}

Result<UpdateReport> Updater::Commit() {
  report_.commit = description_.commit.number;
  report_.changed = std::any_of(works_.begin(), works_.end(), [](const auto& work) {
    return work->changed || work->live->fresh;
  });
  if (!report_.changed) return std::move(report_);
  if (options_.progress != nullptr) {
    options_.progress->Begin("writing", stored_rows_->rows() + fresh_rows_->rows(), "rows");
  }
  if (HasFresh() && !loaded_) ARROW_RETURN_NOT_OK(LoadFresh());
  ARROW_ASSIGN_OR_RAISE(const auto transaction,
                        store_->Begin({CommitKey(), description_.commit_bytes}));
  ARROW_RETURN_NOT_OK(ApplyRows(transaction.get()));
  ARROW_RETURN_NOT_OK(DescribeTables(transaction.get()));
  ARROW_RETURN_NOT_OK(transaction->Commit());
  if (options_.progress != nullptr) options_.progress->End();
  return std::move(report_);
}

}  // namespace millrace::state
