#include "offline/key_space.h"

#include <mutex>
#include <utility>

#include "base/check.h"

namespace millrace::offline {

std::vector<int32_t> KeySpace::Number(const features::KeyList& keys, bool insert) {
  std::vector<int32_t> numbers;
  numbers.reserve(keys.size());
  bool all_known = true;
  {
    const std::shared_lock lock(mutex);
    for (size_t i = 0; i < keys.size(); ++i) {
      numbers.push_back(ids.Find(keys[i]));
      all_known = all_known && numbers.back() != sweep::KeyIds::kNone;
    }
  }
  if (all_known || !insert) return numbers;
  const std::unique_lock lock(mutex);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (numbers[i] == sweep::KeyIds::kNone) numbers[i] = ids.Insert(keys[i]);
  }
  return numbers;
}

std::vector<columns::OwnedColumn> KeySpace::Values() const {
  std::vector<columns::ColumnBuffer> buffers;
  for (const columns::Type& type : types) {
    buffers.emplace_back(type);
    buffers.back().Reserve(ids.size());
  }
  for (const std::string_view key : ids.keys()) {
    const auto values = features::DecodeKey(key, types);
    MILLRACE_CHECK(values.ok());  // EncodeKey made it
    for (size_t i = 0; i < buffers.size(); ++i) buffers[i].AppendValue((*values)[i]);
  }
  std::vector<columns::OwnedColumn> columns;
  for (columns::ColumnBuffer& buffer : buffers) columns.push_back(Own(std::move(buffer)));
  return columns;
}

KeySpace* KeySpaces::Of(const std::vector<columns::Field>& keys) {
  std::vector<columns::Type> types;
  for (const columns::Field& key : keys) types.push_back(key.type);
  for (KeySpace& space : spaces_) {
    if (space.types == types) return &space;
  }
  KeySpace& made = spaces_.emplace_back();
  made.types = std::move(types);
  return &made;
}

}  // namespace millrace::offline
