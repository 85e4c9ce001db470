// Names are those of the report and of the selection.
#include "jobs/training/proof_content.h"

#include <algorithm>
#include <map>
#include <utility>

namespace millrace::jobs {

std::vector<ProofColumn> ProofColumns(const offline::TrainingSetRequest& request) {
  const features::FeaturePlan& plan = *request.plan;
  std::vector<ProofColumn> columns;
  for (const features::SelectedColumn& column : request.selection.columns) {
    if (column.on_demand) {
      const features::OnDemandView& view = plan.on_demand[request.selection.on_demand[column.use]];
      const features::OnDemandFeature& feature = view.features[column.feature];
      columns.push_back({column.name, view.name + ":" + feature.name, feature.hash});
    } else {
      const features::View& view = plan.views[request.selection.uses[column.use].view];
      const features::Feature& feature = view.features[column.feature];
      columns.push_back({column.name, view.name + ":" + feature.name, feature.hash});
    }
  }
  for (const int index : request.labels) {
    const features::Label& label = plan.labels[index];
    columns.push_back({label.name, "label " + label.name, label.view.features[0].hash});
  }
  return columns;
}

std::vector<ProofRejected> ProofRejects(const columns::RejectedRows& rejected) {
  std::map<std::pair<std::string, std::string>, int64_t> counts;
  for (const auto& reason : rejected.reasons) counts[{reason.where, reason.code}] += reason.count;
  std::vector<ProofRejected> rejects;
  for (const auto& [reason, count] : counts) {
    rejects.push_back({reason.first, reason.second, count});
  }
  return rejects;
}

}  // namespace millrace::jobs
