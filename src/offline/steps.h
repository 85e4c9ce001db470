// Steps without a spine: every key that has something to say at from, from + every, … < to. Listed
// partition by partition, then joined into one Spine.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "offline/partition_lists.h"
#include "offline/partition_sweep.h"
#include "offline/spine.h"
#include "offline/threads.h"
#include "offline/training_set.h"

namespace millrace::offline {

// Error: usage: no steps, no or several entities, request fields.
base::Status CheckSteps(const TrainingSetRequest& request);

// (key, step) pairs of one partition, by step, then by key in the order of values.
struct ListedSteps {
  std::vector<int32_t> keys;   // local ones
  std::vector<int32_t> steps;  // indices into the times of the steps

  // As questions; Questions::rows index the list.
  sweep::Questions Ask(const std::vector<base::EventTime>& times, int32_t key_count) const;
};

class StepLister {
 public:
  // REQUIRES: CheckSteps; every key is in `keys`, which outlives it with `request`.
  StepLister(const TrainingSetRequest& request, KeySpace* keys, Partitions partitions);

  const std::vector<base::EventTime>& times() const { return times_; }

  // A key is listed at a step if an event counts in the longest window of any view, or a snapshot
  // view has a valid row. `views`: each view's sweep and its opened partition. From any thread,
  // once per partition.
  using OpenView = std::pair<sweep::ViewSweep, PartitionSweep*>;
  base::Status List(int32_t partition, const std::vector<OpenView>& views);
  const ListedSteps& listed(int32_t partition) const { return listed_[partition]; }

  // After all partitions: rows by step, then by key in the order of values; fills `lists`.
  base::Result<Spine> Join(const RunTasks& run, PartitionLists* lists) const;

 private:
  const TrainingSetRequest& request_;
  KeySpace* const keys_;
  const Partitions partitions_;
  const std::vector<base::EventTime> times_;
  std::vector<int32_t> ranks_;                  // of each key in the order of values
  std::vector<std::vector<int32_t>> in_order_;  // by partition: local keys in the order of values
  std::vector<ListedSteps> listed_;             // by partition
};

// The key columns and the timestamp column of such a spine.
class StepRows {
 public:
  // REQUIRES: both outlive it.
  StepRows(const TrainingSetRequest& request, const Spine& spine);
  // Rows [first, last); from any thread.
  base::Result<std::shared_ptr<arrow::Table>> Table(int64_t first, int64_t last) const;

 private:
  const TrainingSetRequest& request_;
  const Spine& spine_;
  const std::vector<columns::OwnedColumn> keys_;  // by number
};

}  // namespace millrace::offline
