// On-demand views and services as written.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "features/definition/reader.h"

namespace millrace::features {

namespace codes = base::codes;
using yaml::Node;

namespace {

// "view:feature" -> its two parts. The places point into the one scalar.
bool SplitName(const Text& text, ServiceEntry* entry) {
  const size_t colon = text.value.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.value.size()) return false;
  entry->view = Text{text.value.substr(0, colon), text.node};
  entry->features.push_back(Text{text.value.substr(colon + 1), text.node});
  return true;
}

void ReadKeys(const Node& node, ServiceEntry* entry, ProblemList* problems) {
  if (!node.is_map()) {
    problems->Add(codes::kBadValue, node,
                  "'keys' is " + node.Found() + "; expected {entity key: column}");
    return;
  }
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const auto key = yaml::ReadScalar(node.keys[i], "a key in 'keys'", "a name", problems);
    const auto column = yaml::ReadText(node.values[i], "a column in 'keys'", problems);
    if (key && column) entry->keys.emplace_back(*key, *column);
  }
}

// {view: weather, as: dest_weather, keys: {airport: dest}}, with `features:` for some of it.
bool ReadEntryMap(const Node& node, ServiceEntry* entry, ProblemList* problems) {
  // `- user_spend: sum_7d` is a mapping to YAML.
  const std::vector<std::string> fields_of_entry = {"view", "as", "keys", "features"};
  if (node.keys.size() == 1 && node.keys[0].is_scalar() &&
      std::find(fields_of_entry.begin(), fields_of_entry.end(), node.keys[0].text) ==
          fields_of_entry.end()) {
    const std::string value = node.values[0].is_scalar() ? node.values[0].text : "*";
    problems->Add(
        codes::kNeedsQuotes, node,
        "YAML reads this as a mapping, as a space follows the colon; expected view:feature",
        "write \"" + node.keys[0].text + ":" + value + "\"");
    return false;
  }
  yaml::MapReader fields(node, "an entry of 'features'", problems);
  if (fields.Require("view", "a view's name") != nullptr) {
    if (auto view = fields.FindText("view")) entry->view = *view;
  }
  entry->as = "";
  if (auto as = fields.FindText("as")) {
    CheckName(*as, "view ('as')", problems);
    entry->as = as->value;
  }
  if (const Node* keys = fields.Find("keys")) ReadKeys(*keys, entry, problems);
  if (const Node* features = fields.Find("features")) {
    entry->features = ReadTextList(*features, "'features' of an entry", problems);
  } else {
    entry->features.push_back(Text{"*", &node});
  }
  fields.Finish();
  return entry->view.node != nullptr;
}

}  // namespace

OnDemandDefinition ReadOnDemand(const yaml::NamedNode& named, ProblemList* problems) {
  OnDemandDefinition view;
  const std::string what = "on-demand view '" + named.name.value + "'";
  yaml::MapReader fields(*named.value, what, problems);
  ReadDescription(named, &fields, &view);
  if (const Node* inputs = fields.Find("inputs")) {
    view.inputs = ReadTextList(*inputs, "'inputs' of " + what, problems);
  }
  if (const Node* request = fields.Find("request")) {
    view.request = ReadColumns(*request, "'request' of " + what, false, problems);
    for (const ColumnDefinition& field : view.request) {
      CheckName(field.name, "request field", problems);
    }
  }
  if (const Node* features = fields.Require("features", "its features")) {
    view.features = ReadFeatures(*features, "'features' of " + what, false, problems);
  }
  fields.Finish();
  return view;
}

ServiceDefinition ReadService(const yaml::NamedNode& named, ProblemList* problems) {
  ServiceDefinition service;
  const std::string what = "service '" + named.name.value + "'";
  yaml::MapReader fields(*named.value, what, problems);
  ReadDescription(named, &fields, &service);
  const Node* features = fields.Require("features", "a list such as [\"user_spend:*\"]");
  if (features != nullptr && !features->is_list()) {
    problems->Add(codes::kBadValue, *features,
                  "'features' of " + what + " is " + features->Found() +
                      "; expected a list such as [\"user_spend:*\"]");
  } else if (features != nullptr) {
    for (const Node& item : features->values) {
      ServiceEntry entry;
      entry.node = &item;
      if (item.is_map()) {
        if (ReadEntryMap(item, &entry, problems)) service.entries.push_back(std::move(entry));
        continue;
      }
      const auto text = yaml::ReadText(item, "an entry of 'features'", problems);
      if (!text) continue;
      if (!SplitName(*text, &entry)) {
        problems->Add(
            codes::kBadValue, item,
            "an entry of 'features' is '" + text->value + "'; expected view:feature",
            "all of a view is written \"" + text->value.substr(0, text->value.find(':')) + ":*\"");
        continue;
      }
      service.entries.push_back(std::move(entry));
    }
  }
  if (const auto log = fields.FindScalar("log", "a share from 0 to 1")) {
    char* end = nullptr;
    service.log = std::strtod(log->value.c_str(), &end);
    if (end == log->value.c_str() || *end != '\0' || !(service.log >= 0.0 && service.log <= 1.0)) {
      problems->Add(codes::kBadValue, *log->node,
                    "'log' of " + what + " is '" + log->value + "'; expected a share from 0 to 1");
      service.log = 0.0;
    }
  }
  fields.Finish();
  return service;
}

}  // namespace millrace::features
