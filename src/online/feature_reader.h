// FeatureReader: a selection of features read from a store again and again: keys and times in,
// values, statuses and event times out, derived and on-demand features too. Prepared once. Several
// are read together by read_batch.h.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "features/needs.h"
#include "features/selection.h"
#include "kv/store.h"
#include "online/answer.h"
#include "state/format/description.h"

namespace millrace::online {

struct AnswerName;
class MemoryPool;

struct Asked {
  int64_t rows = 0;
  // Keys and request fields by the names that the selection gives them, of their types. One that is
  // missing is missing_column.
  std::map<std::string, columns::OwnedColumn> columns;
  // Type timestamp, one cell per row; a null asks nothing. Empty (type kNull): all ask about now.
  columns::Column as_of;
};

// One thread at a time.
class FeatureReader {
 public:
  // REQUIRES: plan and clock outlive this.
  FeatureReader(const features::FeaturePlan& plan, features::Selection selection,
                std::string project, const base::Clock& clock);
  ~FeatureReader();

  // Errors: not_ready (names the views), as_of_out_of_range, missing_column, corrupt, conflict
  // (another project's store), the store's.
  base::Result<Answer> Read(const kv::Store& store, const Asked& asked);

  const features::Selection& selection() const { return selection_; }

 private:
  friend class ReadBatch;
  struct UseReader;
  class Run;

  base::Status Bind(const state::Description& description, base::EventTime now);

  const features::FeaturePlan& plan_;
  const features::Selection selection_;
  const features::Needs needs_;
  const std::string project_;
  const base::Clock& clock_;
  bool is_bound_ = false;  // to the tables of the catalogue of this version
  uint64_t catalog_version_ = 0;
  // Whether they were complete enough at the commit's time already: then they are while the version
  // stays. Else the catalogue is looked at again in every read.
  bool is_steady_ = false;
  std::vector<std::unique_ptr<UseReader>> uses_;  // by Selection::uses
  std::vector<features::OnDemandDeriver> on_demand_;
  std::shared_ptr<const std::vector<AnswerName>> names_;  // by Selection::columns
  std::unique_ptr<MemoryPool> memories_;
};

}  // namespace millrace::online
