// SortedRuns: a partition that does not fit in memory, sorted piece by piece into runs that lie in
// the spill file, and merged into one stream for SweepStreams.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "offline/rows/spill_file.h"
#include "offline/rows/view_store.h"
#include "sweep/questions.h"
#include "sweep/view_sweep.h"

namespace millrace::offline {

// The partition's keys in the order in which streams are sorted, (hash, key).
class StreamOrder {
 public:
  StreamOrder(const ViewStore& store, int32_t partition);
  const std::vector<int32_t>& keys() const { return keys_; }  // local ones, ascending
  int32_t rank(int32_t local) const { return ranks_[local]; }
  std::string_view bytes(int32_t local) const;

 private:
  const sweep::KeyIds& ids_;
  const Partitions partitions_;
  const int32_t partition_;
  std::vector<int32_t> keys_;
  std::vector<int32_t> ranks_;
};

// One run: its batches in order.
using SortedRun = std::vector<SpillFile::Place>;

struct SortedRuns {
  std::vector<SortedRun> runs;

  // `bytes_max`: of the rows that are sorted at once.
  static base::Result<SortedRuns> Make(const ViewStore& store, int32_t partition,
                                       const sweep::ViewSweep& sweep, const StreamOrder& order,
                                       int64_t bytes_max, SpillFile* spill);
  // The merged runs as SweepStreams reads events. REQUIRES: `spill` outlives it.
  base::Result<std::unique_ptr<arrow::RecordBatchReader>> Merge(const SpillFile& spill) const;
};

// Questions of the partition (local keys) as SweepStreams reads a spine; `row` is Questions::rows.
base::Result<std::unique_ptr<arrow::RecordBatchReader>> SpineStream(
    const sweep::Questions& questions, const StreamOrder& order);

}  // namespace millrace::offline
