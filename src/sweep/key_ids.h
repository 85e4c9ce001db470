// KeyIds: dense ids for entity keys (features/entity_key.h), so that hot loops handle integers. Not
// a store: it lives for one training set.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace millrace::sweep {

class KeyIds {
 public:
  static constexpr int32_t kNone = -1;

  // kNone when the key was never inserted. Safe from many threads while nothing is inserted.
  int32_t Find(std::string_view key) const {
    const auto found = ids_.find(key);
    return found == ids_.end() ? kNone : found->second;
  }
  // The id of the key, a new one (size()) when it is new.
  int32_t Insert(std::string_view key);
  int32_t size() const { return static_cast<int32_t>(keys_.size()); }
  std::string_view key(int32_t id) const { return keys_[id]; }
  std::span<const std::string_view> keys() const { return keys_; }  // by id

 private:
  std::string_view Keep(std::string_view bytes);

  absl::flat_hash_map<std::string_view, int32_t> ids_;
  std::vector<std::string_view> keys_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_used_ = 0;
  size_t block_size_ = 0;
};

}  // namespace millrace::sweep
