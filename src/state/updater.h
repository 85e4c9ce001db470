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
#include "state/table_work.h"

namespace millrace::state {

struct UpdaterOptions {
  std::string project;
  base::EventTime now;                        // the wall clock's
  int64_t memory_bytes = int64_t{256} << 20;  // of rows that wait; beyond it they wait in files
  OpenSpillFile open_spill = {};              // none: in memory alone
  ChunkSizes chunks = {};                     // of tables that are made
  // Others write meanwhile. Open then takes the numbers of new tables, under a commit of its own,
  // so that Load can write them beside others.
  bool beside_others = false;
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

// Whether it is store_fenced: another writer came before.
inline bool IsFenced(const base::Status& status) {
  return !status.ok() && base::ProblemsOf(status)[0].code == base::codes::kStoreFenced;
}

class Updater {
 public:
  // Reads what there is. Errors: conflict (another project's store), corrupt, the store's;
  // store_fenced, when another writer came before it could take numbers. REQUIRES: store and plans
  // outlive this.
  static base::Result<std::unique_ptr<Updater>> Open(kv::Store* store,
                                                     const std::vector<LiveView>& views,
                                                     UpdaterOptions options);
  ~Updater();

  const LiveTables& live() const { return live_; }
  const Description& description() const { return description_; }

  // What of a table's sources is applied already. `table`: index into live().tables; a fresh one
  // has nothing.
  base::Result<std::vector<FilePlace>> Files(int table) const;
  base::Result<int64_t> Offset(int table, std::string_view origin);  // its next row; 0

  // Rows of the tables' source. Call it round by round (LiveTables::Rounds), each round with all
  // its rows. Errors: the store's; disk_full.
  base::Status Add(const columns::EventBatch& batch, const std::vector<int>& tables);
  void AddFile(int table, FilePlace file);
  void SetOffset(int table, std::string origin, int64_t next_row);

  // Writes the rows so far of new tables, where nobody looks; what is added to them from now on is
  // for Commit. Once. REQUIRES: beside_others. Errors: disk_full, the store's; then none is there.
  base::Status Load();

  // Goes on from what others committed since Open, so that the next Commit is not fenced for it:
  // what was given here stays, and Offset() says what they applied. What was looked up stays too,
  // as if their rows had come after this update's. REQUIRES: Offset() was asked about every origin
  // whose offset was set. Error: store_fenced, when that cannot be: they changed the tables, a
  // vacuum took away what was loaded, or they applied something that was given here too.
  base::Status Follow();

  // All of it, or nothing. Nothing is written when there is nothing new. Errors: store_fenced,
  // after which Follow may lead to another try; disk_full, the store's.
  base::Result<UpdateReport> Commit();

  // Takes away what was loaded, instead of a Commit that is known not to have happened.
  base::Status DropLoaded() const;

 private:
  Updater(kv::Store* store, UpdaterOptions options);
  bool HasFresh() const;
  base::Status TakeNumbers();
  base::Status OpenLookups();
  void SetNow(base::EventTime now);
  void ReadFrom(std::unique_ptr<kv::Snapshot> now);
  base::Status AddTo(TableWork* work, const columns::EventBatch& batch);
  base::Result<std::vector<columns::Column>> LookUp(const LiveView& live,
                                                    const columns::EventBatch& batch,
                                                    std::vector<columns::OwnedColumn>* owned);
  base::Status AddRows(TableWork* work, const features::ViewRows& rows, const EventColumns& events);
  std::unique_ptr<KeyWriter> MakeWriter(std::string_view prefix, RowSink* sink) const;
  base::Status LoadFresh();
  base::Status ApplyRows(kv::Transaction* transaction);
  void LeaveBehind(Catalog* catalog) const;
  base::Status DescribeTables(kv::Transaction* transaction);
  base::Status Fenced(int64_t commit) const;
  base::Status CheckUnchanged() const;
  base::Status DropRows() const;

  kv::Store* const store_;
  const UpdaterOptions options_;
  std::unique_ptr<kv::Snapshot> before_;
  Description description_;
  base::EventTime now_;
  LiveTables live_;
  std::vector<std::unique_ptr<TableWork>> works_;  // by live().tables
  std::map<std::pair<const features::FeaturePlan*, int>, std::unique_ptr<LookedUpRows>> looked_up_;
  std::unique_ptr<RowSorter> stored_rows_;  // of tables that are in the store
  std::unique_ptr<RowSorter> fresh_rows_;   // of new ones, until they are loaded
  bool loaded_ = false;
  UpdateReport report_;
};

}  // namespace millrace::state
