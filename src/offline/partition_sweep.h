// PartitionSweep: a partition of a view's rows, opened for sweeps: sorted in memory, or, where it
// does not fit, in runs that are merged anew for every sweep.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "offline/rows/memory_plan.h"
#include "offline/rows/sorted_runs.h"
#include "offline/rows/spill_file.h"
#include "offline/rows/view_store.h"
#include "sweep/view_sweep.h"

namespace millrace::offline {

// What sweeps of partitions may use. REQUIRES: all of it outlives them.
struct SweepRoom {
  MemoryGate* gate = nullptr;
  SpillFile* spill = nullptr;
  int64_t load_bytes_max = 0;
};

class PartitionSweep {
 public:
  // Waits until there is room. `store` outlives it.
  static base::Result<std::unique_ptr<PartitionSweep>> Open(const ViewStore& store,
                                                            int32_t partition,
                                                            const SweepRoom& room);

  struct Answer {
    sweep::SweptRows swept;
    std::vector<int64_t> rows;  // Questions::rows of each answer
  };
  // REQUIRES: keys of `questions` are the partition's local ones.
  base::Result<Answer> Run(const sweep::ViewSweep& sweep, const sweep::Questions& questions);

 private:
  PartitionSweep(const ViewStore& store, int32_t partition, const SweepRoom& room);
  base::Result<Answer> RunStreams(const sweep::ViewSweep& sweep,
                                  const sweep::Questions& questions) const;

  const ViewStore& store_;
  const int32_t partition_;
  const SweepRoom room_;
  const bool fits_;
  const MemoryGate::Pass pass_;
  LoadedRows loaded_;
  std::optional<sweep::SortedEvents> events_;
};

}  // namespace millrace::offline
