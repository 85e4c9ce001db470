// Updater: the one way in which a store changes. Files, pushes and streams give it EventBatches; it
// evaluates what the views keep of them, sorts that by key, and writes all of it, with the places
// it came from, under one commit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "base/time.h"
#include "columns/event_batch.h"
#include "features/view_rows.h"
#include "kv/store.h"
#include "state/format/description.h"
#include "state/key/key_writer.h"
#include "state/live_tables.h"
#include "state/looked_up_rows.h"
#include "state/sort/row_sorter.h"

namespace millrace::state {

struct UpdaterOptions {
  std::string project;
  base::EventTime now;                        // the wall clock's
  int64_t memory_bytes = int64_t{256} << 20;  // of rows that wait; beyond it they wait in files
  OpenSpillFile open_spill = {};              // none: in memory alone
  ChunkSizes chunks = {};                     // of tables that are made
  base::Progress* progress = nullptr;
};

struct UpdateReport {
  int64_t commit = 0;  // its number; that of the one before when nothing changed
  bool changed = false;
  int64_t rows = 0;           // that were kept, over all tables
  int64_t expired = 0;        // older than anybody can ask about
  int64_t lookup_behind = 0;  // rows of looked-up views that came after events that look further
  columns::RejectedRows rejected;
};

class Updater {
 public:
  // Reads what there is. Errors: conflict (another project's store), corrupt, the store's.
  // REQUIRES: store and plans outlive this; nobody else writes meanwhile (who does is fenced at
  // Commit).
  static base::Result<std::unique_ptr<Updater>> Open(kv::Store* store,
                                                     const std::vector<LiveView>& views,
                                                     UpdaterOptions options);
  ~Updater();

  const LiveTables& live() const { return live_; }
  const Description& description() const { return description_; }

  // What of a table's sources is applied already. `table`: index into live().tables; a fresh one
  // has nothing.
  base::Result<std::vector<FilePlace>> Files(int table) const;
  base::Result<int64_t> Offset(int table, std::string_view origin) const;  // its next row; 0

  // Rows of the tables' source. Call it round by round (LiveTables::Rounds), each round with all
  // its rows. Errors: the store's; disk_full.
  base::Status Add(const columns::EventBatch& batch, const std::vector<int>& tables);
  void AddFile(int table, FilePlace file);
  void SetOffset(int table, std::string origin, int64_t next_row);

  // All of it, or nothing. Once. Nothing is written when there is nothing new. Errors:
  // store_fenced, disk_full, the store's.
  base::Result<UpdateReport> Commit();

 private:
  struct TableWork;
  class TransactionSink;

  Updater(kv::Store* store, UpdaterOptions options);
  base::Status OpenLookups();
  base::Status AddTo(TableWork* work, const columns::EventBatch& batch);
  base::Result<std::vector<columns::Column>> LookUp(const LiveView& live,
                                                    const columns::EventBatch& batch,
                                                    std::vector<columns::OwnedColumn>* owned);
  static void FillNulls(TableWork* work, int64_t size, EventColumns* events);
  base::Status AddRows(TableWork* work, const features::ViewRows& rows, const EventColumns& events);
  std::unique_ptr<KeyWriter> MakeWriter(std::string_view prefix, RowSink* sink) const;
  base::Status LoadFresh();
  base::Status ApplyRows(kv::Transaction* transaction);
  void LeaveBehind(Catalog* catalog) const;
  base::Status DescribeTables(kv::Transaction* transaction);
  base::Status CheckUnchanged() const;
  base::Status DropLeftovers() const;

  kv::Store* const store_;
  const UpdaterOptions options_;
  std::unique_ptr<kv::Snapshot> before_;
  Description description_;
  base::EventTime now_;
  LiveTables live_;
  std::vector<std::unique_ptr<TableWork>> works_;  // by live().tables
  std::map<std::pair<const features::FeaturePlan*, int>, std::unique_ptr<LookedUpRows>> looked_up_;
  std::unique_ptr<RowSorter> stored_rows_;  // of tables that are in the store
  std::unique_ptr<RowSorter> fresh_rows_;
  UpdateReport report_;
};

}  // namespace millrace::state
