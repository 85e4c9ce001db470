// Resolves names to views, features and answer columns, collecting every problem.
#include "features/selection.h"

#include <algorithm>
#include <utility>

#include "features/derive.h"

namespace millrace::features {

using base::Problem;
using base::Result;

namespace {

using Keys = std::map<std::string, std::string>;

class Selector {
 public:
  Selector(const FeaturePlan& plan, bool full_names) : plan_(plan), full_names_(full_names) {}

  // `feature` may be "*".
  void Add(const ServiceFeature& asked) {
    const int view = plan_.FindView(asked.view);
    if (view >= 0) {
      AddOfView(view, asked);
      return;
    }
    const int on_demand = plan_.FindOnDemand(asked.view);
    if (on_demand >= 0) {
      AddOfOnDemand(on_demand, asked);
      return;
    }
    std::vector<std::string> names;
    for (const View& candidate : plan_.views) names.push_back(candidate.name);
    for (const OnDemandView& candidate : plan_.on_demand) names.push_back(candidate.name);
    UnknownName("there is no view '" + asked.view + "'", asked.view, names);
  }

  void Fail(Problem problem) { problems_.push_back(std::move(problem)); }

  Result<Selection> Finish() {
    CheckClashes();
    if (!problems_.empty()) return base::Errors(std::move(problems_));
    CollectRequestFields();
    return std::move(selection_);
  }

 private:
  void UnknownName(std::string message, const std::string& name,
                   const std::vector<std::string>& names) {
    Fail({base::codes::kUnknownName, std::move(message), {}, base::NearestHint(name, names)});
  }

  // Indices of the features of `names` that are asked for: all for "*".
  std::vector<int> Resolve(const ServiceFeature& asked, const std::vector<std::string>& names) {
    std::vector<int> found;
    for (size_t i = 0; i < names.size(); ++i) {
      if (asked.feature == "*" || asked.feature == names[i]) found.push_back(static_cast<int>(i));
    }
    if (found.empty() && asked.feature != "*") {
      UnknownName("view '" + asked.view + "' has no feature '" + asked.feature + "'", asked.feature,
                  names);
    }
    return found;
  }

  std::vector<std::string> KeyColumns(const View& view, const Keys& keys) const {
    std::vector<std::string> columns;
    for (const Field& key : view.keys) {
      const auto found = keys.find(key.name);
      columns.push_back(found == keys.end() ? key.name : found->second);
    }
    return columns;
  }

  void CheckKeys(const ServiceFeature& asked, const std::vector<std::string>& names) {
    for (const auto& [key, column] : asked.keys) {
      if (std::find(names.begin(), names.end(), key) != names.end()) continue;
      UnknownName("view '" + asked.view + "' has no key '" + key + "'", key, names);
    }
  }

  int FindOrAddUse(ViewUse use, bool any_name) {
    for (size_t i = 0; i < selection_.uses.size(); ++i) {
      const ViewUse& other = selection_.uses[i];
      if (other.view == use.view && other.key_columns == use.key_columns &&
          (any_name || other.name == use.name)) {
        return static_cast<int>(i);
      }
    }
    selection_.uses.push_back(std::move(use));
    return static_cast<int>(selection_.uses.size()) - 1;
  }

  void AddColumn(const ServiceFeature& asked, const std::string& feature, SelectedColumn column) {
    const std::string& view = asked.as.empty() ? asked.view : asked.as;
    column.name = full_names_ ? view + "__" + feature : feature;
    for (size_t i = 0; i < selection_.columns.size(); ++i) {
      const SelectedColumn& other = selection_.columns[i];
      if (other.on_demand == column.on_demand && other.use == column.use &&
          other.feature == column.feature && other.name == column.name) {
        return;  // asked for twice: one column
      }
    }
    selection_.columns.push_back(std::move(column));
    origins_.push_back(view + ":" + feature);
  }

  void AddOfView(int index, const ServiceFeature& asked) {
    const View& view = plan_.views[index];
    std::vector<std::string> names;
    for (const Feature& feature : view.features) names.push_back(feature.name);
    std::vector<std::string> keys;
    for (const Field& key : view.keys) keys.push_back(key.name);
    CheckKeys(asked, keys);
    const std::vector<int> features = Resolve(asked, names);
    if (features.empty()) return;
    const int use = FindOrAddUse(
        {index, asked.as.empty() ? view.name : asked.as, KeyColumns(view, asked.keys)}, false);
    for (const int i : features) AddColumn(asked, names[i], {{}, false, use, i});
  }

  void AddOfOnDemand(int index, const ServiceFeature& asked) {
    const OnDemandView& view = plan_.on_demand[index];
    std::vector<std::string> names;
    // Inherited features stand after the view's own, so that indices are those of the plan.
    for (const OnDemandFeature& feature : view.features) {
      if (!feature.inherited) names.push_back(feature.name);
    }
    std::vector<std::string> keys;
    for (const int input : view.inputs) {
      for (const Field& key : plan_.views[input].keys) keys.push_back(key.name);
    }
    CheckKeys(asked, keys);
    const std::vector<int> features = Resolve(asked, names);
    if (features.empty()) return;
    const int run = FindOrAddOnDemand(index, asked.keys);
    for (const int i : features) AddColumn(asked, names[i], {{}, true, run, i});
  }

  int FindOrAddOnDemand(int index, const Keys& keys) {
    std::vector<int> uses;
    for (const int input : plan_.on_demand[index].inputs) {
      const View& view = plan_.views[input];
      uses.push_back(FindOrAddUse({input, view.name, KeyColumns(view, keys)}, true));
    }
    for (size_t i = 0; i < selection_.on_demand.size(); ++i) {
      if (selection_.on_demand[i] == index && selection_.on_demand_uses[i] == uses) {
        return static_cast<int>(i);
      }
    }
    selection_.on_demand.push_back(index);
    selection_.on_demand_uses.push_back(std::move(uses));
    return static_cast<int>(selection_.on_demand.size()) - 1;
  }

  void CheckClashes() {
    std::map<std::string, size_t> first;
    for (size_t i = 0; i < selection_.columns.size(); ++i) {
      const auto [found, added] = first.emplace(selection_.columns[i].name, i);
      if (added) continue;
      Fail({base::codes::kDuplicate,
            "two features would be the column '" + selection_.columns[i].name +
                "': " + origins_[found->second] + " and " + origins_[i],
            {},
            full_names_ ? "give one of them another name with `as`" : "ask for full names"});
    }
  }

  void CollectRequestFields() {
    for (size_t run = 0; run < selection_.on_demand.size(); ++run) {
      const OnDemandView& view = plan_.on_demand[selection_.on_demand[run]];
      std::vector<bool> wanted(view.features.size());
      for (const SelectedColumn& column : selection_.columns) {
        if (column.on_demand && column.use == static_cast<int>(run)) wanted[column.feature] = true;
      }
      const std::vector<bool> read = ScopeColumnsRead(view, wanted);
      for (size_t i = 0; i < view.request.size(); ++i) {
        if (read[view.request_offset + i]) AddRequestField(view.request[i]);
      }
    }
  }

  void AddRequestField(const Field& field) {
    for (const Field& other : selection_.request_fields) {
      if (other == field) return;
    }
    selection_.request_fields.push_back(field);
  }

  const FeaturePlan& plan_;
  const bool full_names_;
  Selection selection_;
  std::vector<std::string> origins_;  // per selected column: "view:feature"
  std::vector<Problem> problems_;
};

}  // namespace

Result<Selection> SelectFeatures(const FeaturePlan& plan, const std::vector<std::string>& features,
                                 bool full_names) {
  Selector selector(plan, full_names);
  for (const std::string& text : features) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
      selector.Fail({base::codes::kUsage,
                     "'" + text + "' is not a feature; expected view:feature or view:*"});
      continue;
    }
    selector.Add({text.substr(0, colon), text.substr(colon + 1), {}, {}});
  }
  return selector.Finish();
}

Result<Selection> SelectService(const FeaturePlan& plan, const std::string& service,
                                bool full_names) {
  const int index = plan.FindService(service);
  if (index < 0) {
    std::vector<std::string> names;
    for (const Service& candidate : plan.services) names.push_back(candidate.name);
    return base::Error(Problem{base::codes::kUnknownName,
                               "there is no service '" + service + "'",
                               {},
                               base::NearestHint(service, names)});
  }
  Selector selector(plan, full_names);
  for (const ServiceFeature& feature : plan.services[index].features) selector.Add(feature);
  return selector.Finish();
}

}  // namespace millrace::features
