#include "offline/partition_lists.h"

namespace millrace::offline {

namespace {

Partitions PartitionsOf(const PartitionLists& lists) {
  return {static_cast<int32_t>(lists.rows.size())};
}

}  // namespace

PartitionLists PartitionLists::Make(const Spine& spine, const SpineKeys& keys,
                                    Partitions partitions) {
  PartitionLists lists;
  lists.rows.resize(partitions.count);
  for (int64_t row = 0; row < spine.rows; ++row) {
    if (keys.ids[row] == sweep::KeyIds::kNone || spine.has_time[row] == 0) continue;
    lists.rows[partitions.Of(keys.ids[row])].push_back(row);
  }
  return lists;
}

sweep::Questions PartitionLists::Ask(const Spine& spine, const SpineKeys& keys,
                                     int32_t partition) const {
  const Partitions partitions = PartitionsOf(*this);
  std::vector<int32_t> locals;
  std::vector<base::EventTime> times;
  for (const int64_t row : rows[partition]) {
    locals.push_back(partitions.Local(keys.ids[row]));
    times.push_back(spine.times[row]);
  }
  return sweep::SortQuestions(locals, times, partitions.Keys(partition, keys.space->ids.size()));
}

}  // namespace millrace::offline
