// ViewStore: the kept rows of one view, by partition, in memory or spilled. RowBudget: what all
// stores of a training set may hold in memory together.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "features/plan.h"
#include "offline/key_space.h"
#include "offline/rows/memory_plan.h"
#include "offline/rows/pick_rows.h"
#include "offline/rows/spill_file.h"
#include "offline/source_scan.h"
#include "sweep/event_rows.h"

namespace millrace::offline {

class ViewStore;

class RowBudget {
 public:
  RowBudget(const MemoryPlan& plan, SpillFile* spill) : plan_(plan), spill_(spill) {}
  const MemoryPlan& plan() const { return plan_; }
  // What may be loaded for sweeps, once all stores are finished.
  int64_t LoadBytesMax() const;

 private:
  friend ViewStore;
  const MemoryPlan plan_;
  SpillFile* const spill_;
  std::mutex mutex_;  // of all stores' rows
  std::vector<ViewStore*> stores_;
  int64_t bytes_ = 0;
  bool spilled_ = false;
};

// The rows of a partition, ready to be sorted.
struct LoadedRows {
  std::vector<sweep::EventPiece> pieces;
  std::vector<std::unique_ptr<sweep::EventRows>> read;  // those that were spilled
};

class ViewStore {
 public:
  // With `insert` every key counts; else only keys that `keys` has already. REQUIRES: `keys` and
  // `budget` outlive it.
  ViewStore(const features::View& view, KeySpace* keys, bool insert, RowBudget* budget);

  // From any thread; spills when the budget is used up.
  base::Status Add(const ViewBatch& batch);

  // After the last Add. Strings are numbered for good; where anything was spilled, the rest is too,
  // so that sweeps have the memory.
  base::Status Finish();
  int64_t rows(int32_t partition) const { return rows_[partition]; }
  // What loading and sorting a partition takes, about.
  int64_t load_bytes(int32_t partition) const;
  int64_t row_load_bytes() const;
  // For a partition that does not fit: calls take(pieces) with about `bytes_max` of its rows at a
  // time, more where one piece has more, in the order of the files.
  using TakePieces = std::function<base::Status(std::span<const sweep::EventPiece> pieces)>;
  base::Status ForPieces(int32_t partition, int64_t bytes_max, const TakePieces& take) const;
  base::Result<LoadedRows> Load(int32_t partition) const;
  // Lets the rows go; the distinct strings stay.
  void Release() { blocks_.clear(); }

  const features::View& view() const { return view_; }
  KeySpace* keys() const { return keys_; }
  int32_t partitions() const { return partitions_.count; }
  // How many keys the partition has.
  int32_t key_count(int32_t partition) const;

 private:
  struct Block {
    int64_t part = 0;  // of the source
    PickedRows picked;
  };
  struct SpilledRows {
    int64_t part = 0;
    SpillFile::Place place;
  };

  base::Status Spill(std::vector<Block> blocks);
  base::Result<std::unique_ptr<sweep::EventRows>> Read(const SpillFile::Place& place) const;

  const features::View& view_;
  KeySpace* const keys_;
  const bool insert_;
  RowBudget* const budget_;
  const Partitions partitions_;
  ViewCodes codes_;
  std::vector<Block> blocks_;
  std::vector<std::vector<SpilledRows>> spilled_;  // by partition
  std::vector<int64_t> rows_;                      // by partition
  int64_t row_bytes_max_ = 0;
};

}  // namespace millrace::offline
