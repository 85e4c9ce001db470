// Selection: what a request asks for, resolved against a plan: which views are read under which key
// columns, which on-demand views run, and the columns of the answer in order.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "features/plan.h"

namespace millrace::features {

// One reading of a view: the same view may be read twice under different keys (origin,
// destination).
struct ViewUse {
  int view = -1;
  std::string name;  // the view's name, or its `as`
  std::vector<std::string>
      key_columns;  // columns of the spine or request, in the order of View::keys
};

struct SelectedColumn {
  std::string name;  // of the column in the answer: `feature` or `name__feature`
  bool on_demand = false;
  int use = -1;      // index into uses, or, on demand, into on_demand
  int feature = -1;  // index into the view's (on-demand view's) features
};

struct Selection {
  std::vector<ViewUse> uses;   // of what is asked for and of on-demand inputs
  std::vector<int> on_demand;  // on-demand views, by plan index
  // on_demand_uses[i][j]: the use that input j of on_demand[i] reads.
  std::vector<std::vector<int>> on_demand_uses;
  std::vector<SelectedColumn> columns;
  std::vector<Field> request_fields;  // all that the selected on-demand features read
};

// `features`: "view:feature", "view:*". Errors: unknown_name with the nearest right one;
// duplicate_name listing both when two columns clash without full names; all at once.
base::Result<Selection> SelectFeatures(const FeaturePlan& plan,
                                       const std::vector<std::string>& features, bool full_names);
base::Result<Selection> SelectService(const FeaturePlan& plan, const std::string& service,
                                      bool full_names);

}  // namespace millrace::features
