// KeySpace: the keys of one list of types, numbered. Keys of the same types share their numbers,
// whatever entity they belong to; a number also says in which partition a key's rows are.
#pragma once

#include <cstdint>
#include <deque>
#include <shared_mutex>
#include <vector>

#include "columns/column.h"
#include "features/entity_key.h"
#include "sweep/key_ids.h"

namespace millrace::offline {

struct KeySpace {
  std::vector<columns::Type> types;
  sweep::KeyIds ids;
  std::shared_mutex mutex;  // of ids, while several threads insert

  // The numbers of `keys`: new ones for new keys with `insert`, else KeyIds::kNone. From any thread
  // as long as nobody else touches `ids`.
  std::vector<int32_t> Number(const features::KeyList& keys, bool insert);

  // The keys' values by number, one column per type.
  std::vector<columns::OwnedColumn> Values() const;
};

// Rows of key k belong to partition k % count, where the key is called k / count.
struct Partitions {
  int32_t count = 1;
  int32_t Of(int32_t key) const { return key % count; }
  int32_t Local(int32_t key) const { return key / count; }
  int32_t Key(int32_t partition, int32_t local) const { return local * count + partition; }
  // How many of `keys` keys are in the partition.
  int32_t Keys(int32_t partition, int32_t keys) const {
    return keys / count + (partition < keys % count ? 1 : 0);
  }
};

class KeySpaces {
 public:
  // The space for keys of these types, made on first sight; stays where it is.
  KeySpace* Of(const std::vector<columns::Field>& keys);

 private:
  std::deque<KeySpace> spaces_;
};

}  // namespace millrace::offline
