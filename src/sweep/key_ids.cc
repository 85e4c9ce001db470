// Keys are copied once into blocks that never move.
#include "sweep/key_ids.h"

#include <algorithm>
#include <cstring>

namespace millrace::sweep {

namespace {

constexpr size_t kBlockBytes = 1 << 16;

}  // namespace

int32_t KeyIds::Insert(std::string_view key) {
  const auto found = ids_.find(key);
  if (found != ids_.end()) return found->second;
  const int32_t id = size();
  keys_.push_back(Keep(key));
  ids_.emplace(keys_.back(), id);
  return id;
}

std::string_view KeyIds::Keep(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (block_size_ - block_used_ < bytes.size()) {
    block_size_ = std::max(kBlockBytes, bytes.size());
    block_used_ = 0;
    blocks_.push_back(std::make_unique<char[]>(block_size_));
  }
  char* at = blocks_.back().get() + block_used_;
  std::memcpy(at, bytes.data(), bytes.size());
  block_used_ += bytes.size();
  return {at, bytes.size()};
}

}  // namespace millrace::sweep
