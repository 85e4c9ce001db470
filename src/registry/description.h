// Describe: everything a plan defines, item by item, as properties that people and machines read:
// the one source of `show`, `list`, diffs and the JSON of the registry. Knows what a plan holds,
// not where it is.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "features/plan.h"

namespace millrace::registry {

// The kinds of items, in the order of Describe: "entity", "source", "view", "feature", "on_demand",
// "label", "service". A feature is "view:feature", on demand too.
const std::vector<std::string>& Kinds();

struct Item {
  std::string kind;
  std::string name;
  nlohmann::ordered_json properties;  // an object; what is not set is not in it

  bool operator==(const Item&) const = default;
};

// By kind, then in byte order of the names (features: of their views, then as declared).
std::vector<Item> Describe(const features::FeaturePlan& plan);

// "sum(amount) filter (where amount > 100)", as a definition writes it, without the window.
std::string AggregateText(const features::View& view, const features::Feature& feature);

// "7d", or "all".
std::string WindowText(const window::Window& window);

// A property as one line: text bare, lists with commas, objects "key: value".
std::string PropertyText(const nlohmann::ordered_json& value);

}  // namespace millrace::registry
