#include "online/head_list.h"

#include <absl/container/flat_hash_map.h>

#include "state/format/store_keys.h"

namespace millrace::online {

void HeadList::Clear() {
  bytes_.clear();
  asked_.clear();
  found_ = {};
}

uint32_t HeadList::Add(uint32_t table, std::string_view entity_key) {
  Asked& asked = asked_.emplace_back();
  asked.head = bytes_.size();
  const size_t inside = state::KeyRows::AppendHead(table, entity_key, &bytes_);
  asked.head_bytes = bytes_.size() - asked.head;
  asked.entity_key = asked.head + inside;
  asked.entity_bytes = entity_key.size();
  if (state::KeyRows::IsCut(entity_key)) {
    asked.entity_key = bytes_.size();
    bytes_.append(entity_key);
  }
  return static_cast<uint32_t>(asked_.size() - 1);
}

std::span<const std::string_view> HeadList::Keys(bool describe) {
  const auto& described = state::Description::Keys();
  keys_.clear();
  keys_.reserve(described.size() + asked_.size());
  if (describe) {
    keys_.assign(described.begin(), described.end());
  } else {
    keys_.emplace_back(described[state::Description::kCommit]);
  }
  commit_place_ = describe ? state::Description::kCommit : 0;
  absl::flat_hash_map<std::string_view, size_t> places;
  const bool several = asked_.size() > 1;
  if (several) places.reserve(asked_.size());
  for (Asked& asked : asked_) {
    const std::string_view key = std::string_view(bytes_).substr(asked.head, asked.head_bytes);
    asked.place = keys_.size();
    if (several) asked.place = places.try_emplace(key, keys_.size()).first->second;
    if (asked.place == keys_.size()) keys_.push_back(key);
  }
  return keys_;
}

}  // namespace millrace::online
