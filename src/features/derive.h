// Derive: derived features of a view and features of on-demand views, from columns of stored ones.
// The one implementation for training sets, streams and responses.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "columns/column.h"
#include "features/plan.h"

namespace millrace::features {

// Cells that an evaluation error made null, by feature and code.
struct ErrorCell {
  std::string feature;        // "view:feature"
  std::string code;           // columns::ErrorName
  std::vector<int64_t> rows;  // of the batch, ascending
};

// Takes error cells and nulls out of a column of results: error cells are counted and become null,
// then null becomes the default. The one place where a `default` is applied.
columns::OwnedColumn SettleColumn(const columns::Column& column, const std::string& feature,
                                  const Value& default_value, std::vector<ErrorCell>* errors);
// The same in place.
void SettleCells(const std::string& feature, const Value& default_value,
                 columns::ColumnBuffer* cells, std::vector<ErrorCell>* errors);

// `wanted` and every feature of the view that those read, directly or through derived ones.
std::vector<bool> WithInputs(const View& view, std::vector<bool> wanted);
// The same for an on-demand view: by OnDemandView::features and, of all it then reads, by
// scope_columns.
std::vector<bool> WithInputs(const OnDemandView& view, std::vector<bool> wanted);
std::vector<bool> ScopeColumnsRead(const OnDemandView& view, const std::vector<bool>& wanted);
// Whether a derived feature in `needed`, WithInputs of what is wanted, reads the event time of a
// snapshot view's winning row.
bool ReadsEventTime(const View& view, const std::vector<bool>& needed);

// One thread at a time; reuse it across batches.
class ViewDeriver {
 public:
  // REQUIRES: `plan` outlives it.
  ViewDeriver(const FeaturePlan& plan, int view);
  ~ViewDeriver();
  ViewDeriver(ViewDeriver&&) noexcept;
  ViewDeriver& operator=(ViewDeriver&&) noexcept;
  // stored[i]: the settled column of features[i]; those of derived features are ignored.
  // event_time: of the winning rows, null where there is none; empty for a windowed view and where
  // !ReadsEventTime. `wanted`[i]: whether features[i] is needed (its inputs follow by themselves).
  // Result: one settled column per feature of the view, empty (type kNull) where neither stored nor
  // needed.
  std::vector<columns::OwnedColumn> Run(std::span<const columns::OwnedColumn> stored,
                                        const columns::Column& as_of,
                                        const columns::Column& event_time,
                                        const std::vector<bool>& wanted,
                                        std::vector<ErrorCell>* errors);

 private:
  struct Program;
  std::unique_ptr<Program> program_;
};

class OnDemandDeriver {
 public:
  OnDemandDeriver(const FeaturePlan& plan, int on_demand_view);
  ~OnDemandDeriver();
  OnDemandDeriver(OnDemandDeriver&&) noexcept;
  OnDemandDeriver& operator=(OnDemandDeriver&&) noexcept;
  // scope[i]: column i of OnDemandView::scope_columns; those of its own features and of what it
  // does not read are ignored. `wanted`[i]: whether features[i] is needed (its inputs follow by
  // themselves). Result: one settled column per feature, empty (type kNull) where not needed.
  std::vector<columns::OwnedColumn> Run(std::span<const columns::Column> scope, int64_t rows,
                                        const std::vector<bool>& wanted,
                                        std::vector<ErrorCell>* errors);

 private:
  struct Program;
  std::unique_ptr<Program> program_;
};

}  // namespace millrace::features
