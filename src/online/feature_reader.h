// FeatureReader: a selection of features read from a store again and again: keys and times in,
// values, statuses and event times out, derived and on-demand features too. Prepared once.
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
#include "state/description.h"

namespace millrace::online {

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
  struct UseReader;
  class Run;

  base::Status Bind(const state::Description& description, base::EventTime now);

  const features::FeaturePlan& plan_;
  const features::Selection selection_;
  const features::Needs needs_;
  const std::string project_;
  const base::Clock& clock_;
  state::Description bound_;  // what the uses are bound to
  bool is_bound_ = false;
  std::vector<std::unique_ptr<UseReader>> uses_;  // by Selection::uses
  std::vector<features::OnDemandDeriver> on_demand_;
};

}  // namespace millrace::online
