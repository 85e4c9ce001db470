// Needs: which features of which views a selection makes us compute: what is asked for and what
// that is derived from.
#pragma once

#include <vector>

#include "features/plan.h"
#include "features/selection.h"

namespace millrace::features {

struct Needs {
  std::vector<std::vector<bool>> uses;       // by Selection::uses, by View::features
  std::vector<std::vector<bool>> on_demand;  // by Selection::on_demand, by OnDemandView::features
  // Every view of the uses once, with what any use needs of it.
  struct OfView {
    int view = -1;
    std::vector<bool> features;
  };
  std::vector<OfView> views;
  std::vector<int> view_of_use;  // index into `views`
};

Needs FindNeeds(const FeaturePlan& plan, const Selection& selection);

}  // namespace millrace::features
