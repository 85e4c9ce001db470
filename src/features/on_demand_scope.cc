#include "features/on_demand_scope.h"

namespace millrace::features {

using columns::Column;

std::vector<Column> OnDemandScope(const OnDemandView& view, size_t run,
                                  const OnDemandInputs& inputs) {
  std::vector<Column> scope(view.scope_columns.size());
  for (size_t input = 0; input < view.inputs.size(); ++input) {
    const auto columns = inputs.columns_of(inputs.selection.on_demand_uses[run][input]);
    for (size_t i = 0; i < columns.size(); ++i) {
      scope[view.input_offsets[input] + i] = columns[i].view;
    }
  }
  for (size_t i = 0; i < view.request.size(); ++i) {
    for (size_t field = 0; field < inputs.selection.request_fields.size(); ++field) {
      if (inputs.selection.request_fields[field] == view.request[i]) {
        scope[view.request_offset + i] = inputs.request[field];
      }
    }
  }
  scope[view.as_of_column] = inputs.as_of;
  return scope;
}

}  // namespace millrace::features
