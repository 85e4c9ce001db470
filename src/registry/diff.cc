#include "registry/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace millrace::registry {
namespace {

using Json = nlohmann::ordered_json;

// What is said about an item without being part of any value.
const std::set<std::string>& Descriptive() {
  static const std::set<std::string> names = {"description", "owner", "tags"};
  return names;
}

const std::set<std::string>& Location() {
  static const std::set<std::string> names = {"path", "format", "kafka"};
  return names;
}

// The features of a view are items of their own.
bool IsCompared(const Item& item, const std::string& property) {
  return property != "features" || item.kind == "service";
}

std::vector<PropertyChange> CompareProperties(const Item& from, const Item& to) {
  std::vector<PropertyChange> changes;
  for (const auto& [name, value] : to.properties.items()) {
    const auto before = from.properties.find(name);
    if (!IsCompared(to, name)) continue;
    if (before == from.properties.end()) {
      changes.push_back({name, nullptr, value});
    } else if (*before != value) {
      changes.push_back({name, *before, value});
    }
  }
  for (const auto& [name, value] : from.properties.items()) {
    if (IsCompared(to, name) && !to.properties.contains(name)) {
      changes.push_back({name, value, nullptr});
    }
  }
  return changes;
}

bool AllIn(const std::vector<PropertyChange>& changes, const std::set<std::string>& names) {
  return std::all_of(changes.begin(), changes.end(),
                     [&](const PropertyChange& change) { return names.contains(change.property); });
}

std::string ConsequenceOf(const Item& item, const std::vector<PropertyChange>& changes) {
  const auto changed = [&](const char* name) {
    return std::any_of(changes.begin(), changes.end(),
                       [&](const PropertyChange& change) { return change.property == name; });
  };
  if (AllIn(changes, Descriptive())) return "no value changes";
  if (item.kind == "source" && AllIn(changes, Location())) return "only its location changes";
  if (changed("event_id")) return "its events are stored again";
  if (changed("state_id")) return "its state is built again";
  if (item.kind == "feature" && changed("hash")) {
    return item.properties.contains("state_id") ? "its state is kept" : "";
  }
  return "";
}

std::string_view Name(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kAdded:
      return "added";
    case ChangeKind::kRemoved:
      return "removed";
    case ChangeKind::kChanged:
      break;
  }
  return "changed";
}

char Mark(ChangeKind kind) {
  return kind == ChangeKind::kAdded ? '+' : kind == ChangeKind::kRemoved ? '-' : '~';
}

// What an item is, in a few words behind its name.
std::string Summary(const Item& item) {
  const auto text = [&](const char* name) {
    return item.properties.contains(name) ? PropertyText(item.properties[name]) : std::string();
  };
  if (item.kind == "feature" || item.kind == "label") {
    const std::string window = text("window");
    return fmt::format("{} = {}{}{}", text("type"), text("value"), window.empty() ? "" : " over ",
                       window);
  }
  if (item.kind == "entity") return text("keys");
  if (item.kind == "source") return text("path");
  if (item.kind == "view") {
    const std::string entities = text("entities");
    return fmt::format("{} of {} by {}", text("kind"), text("source"),
                       entities.empty() ? "nothing" : entities);
  }
  if (item.kind == "on_demand") return "from " + text("inputs");
  return "";
}

// Lists say what came and went; other values what they were and are.
std::vector<std::string> Lines(const PropertyChange& change) {
  if (!change.from.is_array() || !change.to.is_array()) {
    const auto text = [](const Json& value) {
      return value.is_null() ? std::string("(none)") : PropertyText(value);
    };
    return {fmt::format("{}: {} -> {}", change.property, text(change.from), text(change.to))};
  }
  std::vector<std::string> lines;
  const auto list_missing = [&](const Json& these, const Json& those, char mark) {
    for (const Json& element : these) {
      if (std::find(those.begin(), those.end(), element) == those.end()) {
        lines.push_back(fmt::format("{}: {} {}", change.property, mark, PropertyText(element)));
      }
    }
  };
  list_missing(change.from, change.to, '-');
  list_missing(change.to, change.from, '+');
  if (lines.empty()) lines.push_back(change.property + ": in another order");
  return lines;
}

using ItemIndex = std::map<std::pair<std::string, std::string>, const Item*>;

ItemIndex IndexOf(const std::vector<Item>& items) {
  ItemIndex index;
  for (const Item& item : items) index[{item.kind, item.name}] = &item;
  return index;
}

}  // namespace

Diff DiffPlans(const features::FeaturePlan* from, const features::FeaturePlan& to) {
  const std::vector<Item> before = from ? Describe(*from) : std::vector<Item>();
  const std::vector<Item> after = Describe(to);
  const ItemIndex old_items = IndexOf(before);
  const ItemIndex new_items = IndexOf(after);
  Diff diff;
  for (const std::string& kind : Kinds()) {
    for (const Item& item : after) {
      if (item.kind != kind) continue;
      const auto old_item = old_items.find({kind, item.name});
      if (old_item == old_items.end()) {
        diff.push_back(
            {.kind = ChangeKind::kAdded, .item = item, .properties = {}, .consequence = {}});
        continue;
      }
      std::vector<PropertyChange> changes = CompareProperties(*old_item->second, item);
      if (changes.empty()) continue;
      std::string consequence = ConsequenceOf(item, changes);
      diff.push_back({.kind = ChangeKind::kChanged,
                      .item = item,
                      .properties = std::move(changes),
                      .consequence = std::move(consequence)});
    }
    for (const Item& item : before) {
      if (item.kind == kind && !new_items.contains({kind, item.name})) {
        diff.push_back(
            {.kind = ChangeKind::kRemoved, .item = item, .properties = {}, .consequence = {}});
      }
    }
  }
  return diff;
}

std::string ToText(const Diff& diff) {
  std::string text;
  for (const Change& change : diff) {
    text += fmt::format("{} {} {}", Mark(change.kind), change.item.kind, change.item.name);
    if (change.kind != ChangeKind::kRemoved) {
      const std::string more =
          change.kind == ChangeKind::kAdded ? Summary(change.item) : change.consequence;
      if (!more.empty()) text += "  (" + more + ")";
    }
    text += '\n';
    for (const PropertyChange& property : change.properties) {
      for (const std::string& line : Lines(property)) text += "    " + line + '\n';
    }
  }
  return text;
}

Json ToJson(const Diff& diff) {
  Json list = Json::array();
  for (const Change& change : diff) {
    Json object = {
        {"change", Name(change.kind)}, {"kind", change.item.kind}, {"name", change.item.name}};
    for (const PropertyChange& property : change.properties) {
      object["properties"][property.property] = {{"from", property.from}, {"to", property.to}};
    }
    if (!change.consequence.empty()) object["consequence"] = change.consequence;
    list.push_back(std::move(object));
  }
  return list;
}

}  // namespace millrace::registry
