// ReadBatch: several reads of one moment. One read of the store gives what describes it and the
// heads of all keys of all of them; it is made by the caller, who may wait for it or not.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kv/store.h"
#include "online/feature_reader.h"
#include "online/head_list.h"
#include "state/format/description.h"

namespace millrace::online {

// A read of one reader; readers may occur several times.
struct Reading {
  FeatureReader* reader = nullptr;
  const Asked* asked = nullptr;
  base::Result<Answer> answer = base::Status(arrow::StatusCode::UnknownError, "not read");
};

// Replaces every Reading::answer. Errors, each reading's own: as FeatureReader::Read.
class ReadBatch {
 public:
  // REQUIRES: the readings outlive it, which no other batch has meanwhile, nor their readers.
  explicit ReadBatch(std::span<Reading> readings);
  ~ReadBatch();

  // The keys whose values are needed next, valid until Give; none: all readings are answered.
  std::span<const std::string_view> Ask();
  // Their values, all of one moment. What a reading needs besides, it reads from `snapshot`, which
  // sees that moment or later ones.
  void Give(const kv::Snapshot& snapshot, kv::Found found);
  // Everybody's who is not yet answered.
  void Fail(const base::Status& status);

 private:
  struct Waiting;

  bool IsDone() const;
  bool IsBound(const FeatureReader& reader) const;
  void Settle(const kv::Snapshot& snapshot, Waiting* one);
  base::Status Bind(FeatureReader* reader);

  std::vector<Waiting> waiting_;  // by reading
  HeadList heads_;
  // Of the last round:
  std::optional<state::CommitRecord> commit_;  // number 0: nothing was ever written
  bool is_described_ = false;
  std::optional<state::Description> description_;  // once somebody needs it
};

// One that waits for the store. An error of the store is everybody's.
void ReadAll(const kv::Store& store, std::span<Reading> readings);

}  // namespace millrace::online
