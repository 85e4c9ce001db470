// OnDemandScope: what an on-demand view computes from, put together: the columns of the views it
// reads, request fields, the request time. For OnDemandDeriver (derive.h); called by every
// executor.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "columns/column.h"
#include "features/selection.h"

namespace millrace::features {

struct OnDemandInputs {
  const Selection& selection;
  // The settled columns of a use (Selection::uses), by its view's features.
  std::function<std::span<const columns::OwnedColumn>(int use)> columns_of;
  std::span<const columns::Column> request;  // by Selection::request_fields
  columns::Column as_of;
};

// By OnDemandView::scope_columns, for selection.on_demand[run].
std::vector<columns::Column> OnDemandScope(const OnDemandView& view, size_t run,
                                           const OnDemandInputs& inputs);

}  // namespace millrace::features
