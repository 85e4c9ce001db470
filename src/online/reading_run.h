// FeatureReader::Run: one reading, from the keys that it asks the store for to its answer.
// FeatureReader::UseReader: what a reader keeps for a view that it reads. Called by ReadBatch.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "online/feature_reader.h"
#include "online/head_list.h"
#include "online/reading_memory.h"
#include "online/snapshot_read.h"
#include "online/window_read.h"

namespace millrace::online {

// A view that is read under some keys.
struct FeatureReader::UseReader {
  state::ViewBinding binding;
  state::Table table;
  std::vector<int> features;  // stored ones that are needed
  std::optional<SnapshotRead> snapshot;
  std::optional<WindowRead> window;
  std::optional<features::ViewDeriver> deriver;  // of a view with derived features
  std::vector<std::string> names;                // by View::features: "view:feature"
  bool reads_event_time = false;                 // a derived feature does

  ViewCells NewCells() const;
  base::Status Read(const state::StoredKey* key, base::EventTime as_of, ViewCells* out) {
    return snapshot.has_value() ? snapshot->Read(key, as_of, out) : window->Read(key, as_of, out);
  }
};

// What all readings see.
struct Moment {
  const kv::Snapshot& snapshot;
  const HeadList& heads;
  state::CommitRecord commit;
};

class FeatureReader::Run {
 public:
  // REQUIRES: both outlive it.
  Run(FeatureReader* reader, const Asked& asked);

  // First. Error: missing_column.
  base::Status FindColumns();
  // Adds the heads of all keys, in the tables that the reader is bound to; none while it is not.
  void AskHeads(HeadList* heads);
  // Whether they were asked of the tables that the reader is bound to now.
  bool HasHeads() const;
  // Last. Errors: as FeatureReader::Read.
  base::Result<Answer> Finish(const Moment& moment);

 private:
  static constexpr uint32_t kNullKey = UINT32_MAX;

  base::Result<const columns::Column*> FindColumn(const std::string& name,
                                                  const columns::Type& type) const;
  base::Status CheckTimes();
  base::Status ReadUse(size_t use);
  base::Status ReadKey(UseReader* reader, uint32_t head, base::EventTime as_of, ViewCells* out);
  void SettleUse(size_t use);
  // Makes `*newest` the later of both, row by row; empty: none.
  void TakeNewest(std::span<const base::EventTime> more, std::span<const base::EventTime>* newest);
  void DeriveOnDemand(size_t run);
  std::span<const base::EventTime> TimesOfScope(size_t run, int column) const;
  void AddColumns();
  void AddStatuses(AnswerColumn* column);
  void CountNulls();

  FeatureReader& reader_;
  const features::FeaturePlan& plan_;
  const features::Selection& selection_;
  const Asked& asked_;
  std::shared_ptr<ReadingMemory> memory_;
  const Moment* moment_ = nullptr;
  base::EventTime now_;
  columns::Column as_of_;
  Answer answer_;
};

}  // namespace millrace::online
