// PartitionLists: the spine's rows by the partition that their key is in.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "offline/key_space.h"
#include "offline/spine.h"
#include "sweep/questions.h"

namespace millrace::offline {

struct PartitionLists {
  // By partition: rows of the spine that have a key and a time, ascending.
  std::vector<std::vector<int64_t>> rows;

  static PartitionLists Make(const Spine& spine, const SpineKeys& keys, Partitions partitions);

  // The partition's rows as questions of its keys; Questions::rows index the list.
  sweep::Questions Ask(const Spine& spine, const SpineKeys& keys, int32_t partition) const;
};

}  // namespace millrace::offline
