// Lookups by name and what follows from a plan's own fields.
#include "features/plan.h"

#include "base/check.h"

namespace millrace::features {
namespace {

template <typename T>
int Find(const std::vector<T>& items, std::string_view name) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

int View::FindFeature(std::string_view feature) const {
  return Find(features, feature);
}

int View::stored_count() const {
  int count = 0;
  for (const Feature& feature : features) count += feature.kind != FeatureKind::kDerived;
  return count;
}

window::Window View::LongestWindow() const {
  MILLRACE_CHECK(kind == ViewKind::kWindowed);
  window::Window longest{base::Duration()};
  for (const Feature& feature : features) {
    if (feature.kind != FeatureKind::kAggregate) continue;
    if (!feature.window.length) return {};
    if (*feature.window.length > *longest.length) longest = feature.window;
  }
  return longest;
}

int FeaturePlan::FindEntity(std::string_view name) const {
  return Find(entities, name);
}
int FeaturePlan::FindSource(std::string_view name) const {
  return Find(sources, name);
}
int FeaturePlan::FindView(std::string_view name) const {
  return Find(views, name);
}
int FeaturePlan::FindOnDemand(std::string_view name) const {
  return Find(on_demand, name);
}
int FeaturePlan::FindLabel(std::string_view name) const {
  return Find(labels, name);
}
int FeaturePlan::FindService(std::string_view name) const {
  return Find(services, name);
}

}  // namespace millrace::features
