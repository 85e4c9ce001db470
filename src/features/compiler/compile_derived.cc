// Derived features of a view: in an order of their use, cycles told, bound to the view's features.
#include <utility>

#include "features/compiler/draft.h"

namespace millrace::features {

namespace {

using FeatureDefinitions = std::vector<const FeatureDefinition*>;

void ReportCycle(const FeatureDefinitions& definitions, const std::vector<int>& cycle,
                 ProblemList* problems) {
  std::string chain;
  for (const int i : cycle) chain += definitions[static_cast<size_t>(i)]->name.value + " -> ";
  const Text& first = definitions[static_cast<size_t>(cycle[0])]->name;
  problems->Add(base::codes::kCycle, first.place(),
                "derived features use one another in a circle: " + chain + first.value);
}

// An order in which each comes after those it uses. Members of cycles are reported and broken.
std::vector<int> Order(const FeatureDefinitions& definitions, const View& view,
                       std::set<std::string>* broken, ProblemList* problems) {
  std::vector<std::string> texts;
  for (const FeatureDefinition* definition : definitions) texts.push_back(definition->value.value);
  std::vector<std::vector<int>> uses = DerivedUses(view, texts);
  DependencyOrder order = OrderByUse(uses);
  while (!order.cycle.empty()) {
    ReportCycle(definitions, order.cycle, problems);
    for (const int i : order.cycle) {
      broken->insert(definitions[static_cast<size_t>(i)]->name.value);
      uses[static_cast<size_t>(i)].clear();
    }
    order = OrderByUse(uses);
  }
  return std::move(order.order);
}

}  // namespace

void CompileDerived(const FeatureDefinitions& definitions, View* view,
                    std::set<std::string>* broken, ProblemList* problems) {
  const int first = view->stored_count();
  for (const FeatureDefinition* definition : definitions) {
    Feature feature;
    feature.name = definition->name.value;
    feature.kind = FeatureKind::kDerived;
    Describe(*definition, &feature);
    view->features.push_back(std::move(feature));
  }
  const std::vector<int> order = Order(definitions, *view, broken, problems);
  DraftScope scope{DerivedScope(*view), *broken};
  for (const int i : order) {
    const FeatureDefinition& definition = *definitions[static_cast<size_t>(i)];
    if (broken->contains(definition.name.value)) continue;
    const auto bound = BindText(definition.value, scope, problems);
    if (!bound || !CheckFeatureType(bound->type(), definition.value, problems)) {
      broken->insert(definition.name.value);
      scope.broken.insert(definition.name.value);
      continue;
    }
    Feature& feature = view->features[static_cast<size_t>(first + i)];
    feature.type = bound->type();
    feature.expression = *bound;
    feature.default_value = ReadDefault(definition.default_value, feature.type, problems);
    view->derived_order.push_back(first + i);
    AddDerived(*view, first + i, &scope.scope);
  }
}

}  // namespace millrace::features
