// UseAnswers: what the sweep answered for one use of a view (or one label): pieces by partition, in
// memory or spilled, taken out by rows of the spine.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "columns/column.h"
#include "offline/partition_lists.h"
#include "offline/rows/spill_file.h"
#include "sweep/view_sweep.h"

namespace millrace::offline {

class UseAnswers {
 public:
  // `spill`: where pieces go; nullptr: they stay in memory. REQUIRES: it outlives this.
  UseAnswers(sweep::ViewSweep sweep, std::shared_ptr<const PartitionLists> lists, SpillFile* spill);

  const sweep::ViewSweep& sweep() const { return sweep_; }
  const PartitionLists& lists() const { return *lists_; }

  // rows[i]: the place in the partition's list that answer i is for, each once. From any thread,
  // once per partition.
  base::Status Put(int32_t partition, sweep::SweptRows swept, std::span<const int64_t> rows);
  const sweep::Gaps& gaps() const { return gaps_; }

  // Rows of the spine that asked nothing are null and kNothing.
  struct Chunk {
    std::vector<columns::OwnedColumn> cells;  // by ViewSweep::features
    std::vector<sweep::Found> found;
    columns::OwnedColumn event_times;  // type kNull where not asked for
  };
  // Of the rows [first, last). After all Puts; from any thread. Strings may point into this.
  base::Result<Chunk> Take(int64_t first, int64_t last) const;

 private:
  // Columns: the features', then the event times where asked for.
  struct Piece {
    std::vector<columns::OwnedColumn> columns;
    std::vector<sweep::Found> found;
    std::vector<SpillFile::Place> spilled;  // kSliceRows rows each
  };
  // Answers of some places of a list: piece row i is the answer for row rows[i].
  struct Part {
    std::span<const int64_t> rows;
    std::vector<columns::Column> columns;
    std::span<const sweep::Found> found;
    std::shared_ptr<const void> owner;
  };

  size_t column_count() const { return sweep_.features.size() + (sweep_.event_times ? 1 : 0); }
  columns::Type ColumnType(size_t column) const;
  base::Status SpillPiece(Piece* piece);
  base::Result<std::vector<Part>> Parts(int64_t first, int64_t last) const;
  base::Result<Part> ReadSlice(const Piece& piece, size_t slice) const;
  columns::OwnedColumn Collect(size_t column, const std::vector<Part>& parts,
                               std::pair<int64_t, int64_t> range) const;

  const sweep::ViewSweep sweep_;
  const std::shared_ptr<const PartitionLists> lists_;
  SpillFile* const spill_;
  std::vector<Piece> pieces_;  // by partition
  std::mutex mutex_;           // of gaps_
  sweep::Gaps gaps_;
};

}  // namespace millrace::offline
