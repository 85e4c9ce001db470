#include "online/head_list.h"

#include <absl/container/flat_hash_map.h>

#include "state/format/store_keys.h"

namespace millrace::online {

using base::Status;

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

Status HeadList::Load(const kv::Snapshot& snapshot, bool describe) {
  const auto& described = state::Description::Keys();
  std::vector<std::string_view> keys;
  keys.reserve(described.size() + asked_.size());
  if (describe) {
    keys.assign(described.begin(), described.end());
  } else {
    keys.emplace_back(described[state::Description::kCommit]);
  }
  commit_place_ = describe ? state::Description::kCommit : 0;
  absl::flat_hash_map<std::string_view, size_t> places;
  const bool several = asked_.size() > 1;
  if (several) places.reserve(asked_.size());
  for (Asked& asked : asked_) {
    const std::string_view key = std::string_view(bytes_).substr(asked.head, asked.head_bytes);
    asked.place = keys.size();
    if (several) asked.place = places.try_emplace(key, keys.size()).first->second;
    if (asked.place == keys.size()) keys.push_back(key);
  }
  return snapshot.GetMany(keys).Value(&found_);
}

}  // namespace millrace::online
