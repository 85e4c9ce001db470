// HeadList: the keys that one read of a store asks for: its newest commit or all that describes it,
// and the heads of the entity keys of all readings, each once. Called by ReadBatch and the
// readings.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kv/store.h"
#include "state/format/description.h"

namespace millrace::online {

class HeadList {
 public:
  void Clear();
  void Reserve(size_t heads) { asked_.reserve(heads); }
  // The number that it is found under after Give. `entity_key`: canonical (features/entity_key.h).
  uint32_t Add(uint32_t table, std::string_view entity_key);

  // What to ask the store for: the newest commit, or all that describes it, and the heads. Valid
  // until the next Add or Clear.
  std::span<const std::string_view> Keys(bool describe);
  // Their values.
  void Give(kv::Found found) { found_ = std::move(found); }

  // As given; valid until the next Clear, and while the snapshot lives.
  std::optional<std::string_view> commit() const { return found_.values[commit_place_]; }
  // REQUIRES: it was asked for.
  std::span<const std::optional<std::string_view>, state::Description::kKeys> description() const {
    return std::span(found_.values).first<state::Description::kKeys>();
  }
  std::optional<std::string_view> head(uint32_t number) const {
    return found_.values[asked_[number].place];
  }
  std::string_view entity_key(uint32_t number) const {
    const Asked& asked = asked_[number];
    return std::string_view(bytes_).substr(asked.entity_key, asked.entity_bytes);
  }

 private:
  struct Asked {
    size_t head;  // where they begin in bytes_
    size_t head_bytes;
    size_t entity_key;
    size_t entity_bytes;
    size_t place = 0;  // in found_
  };

  std::string bytes_;
  std::vector<Asked> asked_;
  std::vector<std::string_view> keys_;
  size_t commit_place_ = 0;
  kv::Found found_;
};

}  // namespace millrace::online
