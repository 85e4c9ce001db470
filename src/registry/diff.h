// DiffPlans: what changes from one plan to another, item by item and property by property, and what
// that means for stored state. Pure: both plans are given.
#pragma once

#include <string>
#include <vector>

#include "registry/description.h"

namespace millrace::registry {

enum class ChangeKind { kAdded, kRemoved, kChanged };

struct PropertyChange {
  std::string property;
  nlohmann::ordered_json from;  // null: it was not set
  nlohmann::ordered_json to;    // null: it is no longer set
};

struct Change {
  ChangeKind kind = ChangeKind::kChanged;
  Item item;                               // as it is now; removed: as it was
  std::vector<PropertyChange> properties;  // kChanged
  // What follows for state and values, one sentence: "its state is built again", "only its location
  // changes"; empty where nothing does.
  std::string consequence;
};

using Diff = std::vector<Change>;

// `from` nullptr: nothing was there. In the order of Describe, removed items after the others of
// their kind. Empty when nothing that a definition says has changed.
Diff DiffPlans(const features::FeaturePlan* from, const features::FeaturePlan& to);

// One line per change ("+ view user_spend", "~ feature user_spend:sum_7d") and one per property; ""
// when empty.
std::string ToText(const Diff& diff);
// [{"change": "added", "kind": "view", "name": …, "properties": {name: {"from": …, "to": …}},
// "consequence": …}]
nlohmann::ordered_json ToJson(const Diff& diff);

}  // namespace millrace::registry
