#include "offline/column_names.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace millrace::offline {

using base::Problem;
using base::Status;

namespace {

// What the answer's columns are called and who gives each, for clashes.
class ColumnNames {
 public:
  void Add(const std::string& name, const std::string& giver) {
    const auto [found, added] = givers_.emplace(name, giver);
    if (added) return;
    problems_.push_back(
        {base::codes::kDuplicate,
         "two columns would be named '" + name + "': " + found->second + " and " + giver,
         {},
         "ask for full names, or rename the column of the spine"});
  }
  Status Finish() { return problems_.empty() ? Status::OK() : base::Errors(std::move(problems_)); }

 private:
  std::map<std::string, std::string> givers_;
  std::vector<Problem> problems_;
};

}  // namespace

Status CheckNames(const TrainingSetRequest& request) {
  const features::FeaturePlan& plan = *request.plan;
  const features::Selection& selection = request.selection;
  ColumnNames names;
  if (request.spine != nullptr) {
    // Two equal names in the spine itself are passed through; only keys and times must be unique.
    std::map<std::string, int> spine;
    for (const std::string& name : request.spine->schema()->field_names()) {
      if (spine[name]++ == 0) names.Add(name, "the spine's column " + name);
    }
  } else {
    for (const std::string& key : selection.uses[0].key_columns) names.Add(key, "the key " + key);
    names.Add(request.timestamp, "the step's time");
  }
  for (const features::SelectedColumn& column : selection.columns) {
    const std::string feature =
        column.on_demand
            ? plan.on_demand[selection.on_demand[column.use]].features[column.feature].name
            : plan.views[selection.uses[column.use].view].features[column.feature].name;
    const std::string view = column.on_demand ? plan.on_demand[selection.on_demand[column.use]].name
                                              : selection.uses[column.use].name;
    names.Add(column.name, "feature " + view + ":" + feature);
  }
  for (const int label : request.labels) {
    names.Add(plan.labels[label].name, "label " + plan.labels[label].name);
  }
  return names.Finish();
}

}  // namespace millrace::offline
