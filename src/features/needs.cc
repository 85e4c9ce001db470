// From the answer's columns backwards: on-demand, derived, stored.
#include "features/needs.h"

#include <algorithm>

#include "features/derive.h"

namespace millrace::features {

namespace {

void NeedOnDemand(const FeaturePlan& plan, const Selection& selection, size_t run, Needs* needs) {
  const OnDemandView& view = plan.on_demand[selection.on_demand[run]];
  needs->on_demand[run] = WithInputs(view, needs->on_demand[run]);
  const std::vector<bool> read = ScopeColumnsRead(view, needs->on_demand[run]);
  for (size_t input = 0; input < view.inputs.size(); ++input) {
    std::vector<bool>& use = needs->uses[selection.on_demand_uses[run][input]];
    for (size_t i = 0; i < use.size(); ++i) {
      if (read[view.input_offsets[input] + i]) use[i] = true;
    }
  }
}

}  // namespace

Needs FindNeeds(const FeaturePlan& plan, const Selection& selection) {
  Needs needs;
  for (const ViewUse& use : selection.uses) {
    needs.uses.emplace_back(plan.views[use.view].features.size());
  }
  for (const int view : selection.on_demand) {
    needs.on_demand.emplace_back(plan.on_demand[view].features.size());
  }
  for (const SelectedColumn& column : selection.columns) {
    (column.on_demand ? needs.on_demand : needs.uses)[column.use][column.feature] = true;
  }
  for (size_t run = 0; run < selection.on_demand.size(); ++run) {
    NeedOnDemand(plan, selection, run, &needs);
  }
  for (size_t use = 0; use < selection.uses.size(); ++use) {
    const int view = selection.uses[use].view;
    needs.uses[use] = WithInputs(plan.views[view], needs.uses[use]);
    const auto found = std::find_if(needs.views.begin(), needs.views.end(),
                                    [&](const Needs::OfView& of) { return of.view == view; });
    needs.view_of_use.push_back(static_cast<int>(found - needs.views.begin()));
    if (found == needs.views.end()) {
      needs.views.push_back({view, needs.uses[use]});
      continue;
    }
    for (size_t i = 0; i < found->features.size(); ++i) {
      if (needs.uses[use][i]) found->features[i] = true;
    }
  }
  return needs;
}

}  // namespace millrace::features
