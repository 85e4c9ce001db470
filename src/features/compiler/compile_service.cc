// Services: entries resolved, `*` expanded.
#include <algorithm>
#include <map>
#include <utility>

#include "features/compiler/draft.h"

namespace millrace::features {

namespace codes = base::codes;

namespace {

class ServiceCompiler {
 public:
  ServiceCompiler(const ServiceDefinition& definition, Draft* draft, Service* service)
      : definition_(definition), draft_(draft), problems_(draft->problems), service_(service) {}

  void Run() {
    service_->name = definition_.name.value;
    Describe(definition_, service_);
    service_->log = definition_.log;
    for (const ServiceEntry& entry : definition_.entries) AddEntry(entry);
  }

 private:
  void AddEntry(const ServiceEntry& entry) {
    const FeaturePlan& plan = draft_->plan;
    const int view = plan.FindView(entry.view.value);
    const int on_demand = plan.FindOnDemand(entry.view.value);
    if (view < 0 && on_demand < 0) {
      ReportUnknownView(entry);
      return;
    }
    std::vector<std::string> names;
    if (view >= 0) {
      if (!draft_->view_usable[static_cast<size_t>(view)]) return;
      for (const Feature& f : plan.views[static_cast<size_t>(view)].features)
        names.push_back(f.name);
    } else {
      if (!draft_->on_demand_usable[static_cast<size_t>(on_demand)]) return;
      for (const OnDemandFeature& f : plan.on_demand[static_cast<size_t>(on_demand)].features) {
        if (!f.inherited) names.push_back(f.name);
      }
    }
    const auto keys = ResolveKeys(entry, view);
    for (const Text& feature : entry.features) {
      if (feature.value == "*") {
        for (const std::string& name : names) Add(entry, name, keys);
      } else if (std::find(names.begin(), names.end(), feature.value) != names.end()) {
        Add(entry, feature.value, keys);
      } else if (view < 0 ||
                 !draft_->broken_features[static_cast<size_t>(view)].contains(feature.value)) {
        problems_->Add(codes::kUnknownName, FeaturePlace(entry, feature),
                       "view '" + entry.view.value + "' has no feature '" + feature.value + "'",
                       base::NearestHint(feature.value, names));
      }
    }
  }

  static base::Place FeaturePlace(const ServiceEntry& entry, const Text& feature) {
    return feature.node == entry.view.node && feature.node->is_scalar()
               ? feature.node->PlaceOfCharacter(entry.view.value.size() + 1)
               : feature.place();
  }

  void ReportUnknownView(const ServiceEntry& entry) {
    if (!draft_->definitions.whole) return;
    std::vector<std::string> names;
    for (const auto& view : draft_->definitions.views) names.push_back(view.name.value);
    for (const auto& view : draft_->definitions.on_demand) names.push_back(view.name.value);
    problems_->Add(codes::kUnknownName, entry.view.place(),
                   "there is no view '" + entry.view.value + "'",
                   base::NearestHint(entry.view.value, names));
  }

  std::map<std::string, std::string> ResolveKeys(const ServiceEntry& entry, int view) {
    std::map<std::string, std::string> keys;
    std::vector<std::string> names;
    std::vector<int> views = {view};
    if (view < 0) {
      const int on_demand = draft_->plan.FindOnDemand(entry.view.value);
      views = draft_->plan.on_demand[static_cast<size_t>(on_demand)].inputs;
    }
    for (const int read : views) {
      for (const Field& key : draft_->plan.views[static_cast<size_t>(read)].keys) {
        names.push_back(key.name);
      }
    }
    for (const auto& [key, column] : entry.keys) {
      if (std::find(names.begin(), names.end(), key.value) == names.end()) {
        problems_->Add(codes::kUnknownName, key.place(),
                       "'" + key.value + "' is no entity key of view '" + entry.view.value + "'",
                       base::NearestHint(key.value, names));
      } else if (!keys.emplace(key.value, column.value).second) {
        problems_->Add(codes::kDuplicate, key.place(), "key '" + key.value + "' stands twice");
      }
    }
    return keys;
  }

  void Add(const ServiceEntry& entry, const std::string& feature,
           const std::map<std::string, std::string>& keys) {
    const std::string name = entry.as.empty() ? entry.view.value : entry.as;
    const auto [at, fresh] = taken_.emplace(std::pair(name, feature), entry.node);
    if (!fresh) {
      problems_->Add(
          codes::kDuplicate, *entry.node,
          "'" + name + ":" + feature + "' stands twice in service '" + definition_.name.value + "'",
          "the other one is at " + at->second->place().ToString());
      return;
    }
    const auto [use, first] = uses_.emplace(name, Use{entry.view.value, keys, entry.node});
    if (!first && (use->second.view != entry.view.value || use->second.keys != keys)) {
      problems_->Add(codes::kDuplicate, *entry.node,
                     "'" + name + "' names two readings of views in service '" +
                         definition_.name.value + "'; expected another name by 'as'",
                     "the other one is at " + use->second.node->place().ToString());
      return;
    }
    service_->features.push_back({entry.view.value, feature, entry.as, keys});
  }

  struct Use {
    std::string view;
    std::map<std::string, std::string> keys;
    const yaml::Node* node;
  };

  const ServiceDefinition& definition_;
  Draft* draft_;
  ProblemList* problems_;
  Service* service_;
  std::map<std::pair<std::string, std::string>, const yaml::Node*> taken_;
  std::map<std::string, Use> uses_;
};

}  // namespace

void CompileServices(Draft* draft) {
  for (const ServiceDefinition& definition : draft->definitions.services) {
    Service service;
    ServiceCompiler(definition, draft, &service).Run();
    draft->plan.services.push_back(std::move(service));
  }
}

}  // namespace millrace::features
