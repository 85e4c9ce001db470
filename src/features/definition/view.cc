// Views and labels as written.
#include <algorithm>
#include <utility>

#include "aggregate/registry.h"
#include "expr/parse.h"
#include "features/definition/reader.h"

namespace millrace::features {

namespace codes = base::codes;
using yaml::Node;

namespace {

bool IsAggregateText(const std::string& text) {
  const auto parsed = expr::Parse(text);
  return parsed.ok() && parsed->kind == expr::NodeKind::kCall &&
         aggregate::FindFunction(parsed->text) != nullptr;
}

void ReadEntities(yaml::MapReader* fields, const std::string& what, ViewDefinition* view,
                  ProblemList* problems) {
  const Node* one = fields->Find("entity");
  const Node* many = fields->Find("entities");
  if (one != nullptr && many != nullptr) {
    problems->Add(codes::kBadValue, *one,
                  what + " has both 'entity' and 'entities'; expected one of them");
  }
  if (one != nullptr) {
    view->entities = ReadTextList(*one, "'entity' of " + what, problems);
  } else if (many != nullptr) {
    view->entities = ReadTextList(*many, "'entities' of " + what, problems);
  }
  for (size_t i = 0; i < view->entities.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (view->entities[k].value != view->entities[i].value) continue;
      problems->Add(codes::kDuplicate, *view->entities[i].node,
                    "entity '" + view->entities[i].value + "' stands twice in " + what);
    }
  }
}

void ReadSourceName(yaml::MapReader* fields, const std::string& what, ViewDefinition* view,
                    ProblemList* problems) {
  fields->Reserve("sources", "several sources in one view");
  const bool several =
      fields->ok() && std::any_of(fields->node().keys.begin(), fields->node().keys.end(),
                                  [](const Node& k) { return k.text == "sources"; });
  const Node* source =
      several ? fields->Find("source") : fields->Require("source", "a source's name");
  if (source == nullptr) return;
  if (source->is_list()) {
    problems->Add(codes::kReserved, *source,
                  "several sources in one view are reserved and not built yet; expected one name");
    return;
  }
  view->source = yaml::ReadText(*source, "'source' of " + what, problems);
}

void ReadLookups(const Node& node, const std::string& what, ViewDefinition* view,
                 ProblemList* problems) {
  if (!node.is_map()) {
    problems->Add(
        codes::kBadValue, node,
        "'lookup' of " + what + " is " + node.Found() + "; expected {prefix: snapshot view}");
    return;
  }
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const auto prefix = yaml::ReadScalar(node.keys[i], "a prefix in 'lookup'", "a name", problems);
    const auto target = yaml::ReadText(node.values[i], "a view in 'lookup'", problems);
    if (!prefix || !target) continue;
    CheckName(*prefix, "prefix in 'lookup'", problems);
    const auto same = [&](const LookupDefinition& l) { return l.prefix.value == prefix->value; };
    if (std::any_of(view->lookups.begin(), view->lookups.end(), same)) {
      problems->Add(codes::kDuplicate, node.keys[i],
                    "'" + prefix->value + "' stands twice in 'lookup' of " + what);
      continue;
    }
    view->lookups.push_back({*prefix, *target});
  }
}

void ReadResolution(yaml::MapReader* fields, const std::string& what, ViewDefinition* view,
                    ProblemList* problems) {
  const auto text = fields->FindScalar("resolution", "exact, or a duration such as 5m, 1h or 1d");
  if (!text) return;
  view->resolution_text = *text;
  if (text->value == "exact") return;
  const auto duration = base::ParseDuration(text->value);
  if (duration.ok()) {
    view->resolution = *duration;
  } else {
    problems->Add(codes::kBadWindow, *text->node,
                  "'resolution' of " + what + " is '" + text->value +
                      "'; expected exact, or a duration such as 5m, 1h or 1d");
  }
}

void ReadHistory(yaml::MapReader* fields, const std::string& what, ViewDefinition* view,
                 ProblemList* problems) {
  const auto text = fields->FindScalar("history", "a duration such as 1h, or all");
  if (!text) return;
  if (text->value == "all") {
    view->history.reset();
    return;
  }
  const auto duration = base::ParseDuration(text->value);
  if (duration.ok()) {
    view->history = *duration;
  } else {
    problems->Add(codes::kBadValue, *text->node,
                  "'history' of " + what + " is '" + text->value +
                      "'; expected a duration such as 1h, or all");
  }
}

// A snapshot view's list of columns: [age_bucket, device].
std::vector<FeatureDefinition> ReadFeatureList(const Node& node, ProblemList* problems) {
  std::vector<FeatureDefinition> features;
  for (const Node& item : node.values) {
    const auto text = yaml::ReadText(item, "an item of 'features'", problems);
    if (!text) continue;
    const auto parsed = expr::Parse(text->value);
    if (!parsed.ok() || parsed->kind != expr::NodeKind::kName) {
      problems->Add(codes::kBadValue, item,
                    "an item of 'features' is '" + text->value + "'; expected a column's name",
                    "expressions have names: {name: expression}");
      continue;
    }
    FeatureDefinition feature;
    feature.name = *text;
    feature.node = &item;
    feature.value = *text;
    features.push_back(std::move(feature));
  }
  return features;
}

// A view is windowed when it or one of its features has windows; one whose features are aggregates
// was meant to be.
void DecideKind(const Node& features, const std::string& what, ViewDefinition* view,
                ProblemList* problems) {
  view->windowed = view->windows.given;
  bool aggregates = false;
  for (const FeatureDefinition& feature : view->features) {
    if (feature.windows.given) view->windowed = true;
    if (IsAggregateText(feature.value.value)) aggregates = true;
  }
  if (view->windowed || !aggregates) return;
  view->windowed = true;
  if (view->ttl) return;
  problems->Add(codes::kMissingField, features,
                what + " has aggregates and no 'windows'; expected a list such as [1d, 7d]");
}

// Fields that belong to the other kind of view.
void CheckKind(yaml::MapReader* fields, const std::string& what, const ViewDefinition& view,
               ProblemList* problems) {
  if (view.windowed) {
    if (const Node* ttl = fields->Find("ttl")) {
      problems->Add(codes::kBadValue, *ttl,
                    "'ttl' is for snapshot views, and " + what + " is windowed; expected no 'ttl'");
    }
    return;
  }
  if (const Node* resolution = fields->Find("resolution")) {
    problems->Add(
        codes::kBadValue, *resolution,
        "'resolution' is for windowed views, and " + what + " is a snapshot: it has no 'windows'");
  }
  if (const Node* lookup = fields->Find("lookup")) {
    problems->Add(
        codes::kBadValue, *lookup,
        "'lookup' is for windowed views, and " + what + " is a snapshot: it has no 'windows'");
  }
}

}  // namespace

ViewDefinition ReadView(const yaml::NamedNode& named, ProblemList* problems) {
  ViewDefinition view;
  const std::string what = "view '" + named.name.value + "'";
  yaml::MapReader fields(*named.value, what, problems);
  ReadDescription(named, &fields, &view);
  ReadEntities(&fields, what, &view, problems);
  ReadSourceName(&fields, what, &view, problems);
  fields.Reserve("offset", "windows that end before the request time");
  fields.Reserve("by", "one value per category");
  view.where = fields.FindScalar("where", "a condition");
  view.windows = ReadWindows(&fields, what, problems);
  if (const Node* lookup = fields.Find("lookup")) ReadLookups(*lookup, what, &view, problems);
  view.ttl = fields.FindDuration("ttl", codes::kBadValue);
  ReadResolution(&fields, what, &view, problems);
  ReadHistory(&fields, what, &view, problems);
  if (const Node* features = fields.Require("features", "its features")) {
    if (features->is_list() && !view.windows.given) {
      view.features = ReadFeatureList(*features, problems);
    } else if (features->is_list()) {
      problems->Add(codes::kBadValue, *features,
                    "'features' of " + what +
                        " is a list; expected {name: aggregate, …}, as it has "
                        "windows");
    } else {
      view.features = ReadFeatures(*features, "'features' of " + what, true, problems);
    }
    DecideKind(*features, what, &view, problems);
  } else {
    view.windowed = view.windows.given;
  }
  CheckKind(&fields, what, view, problems);
  if (const Node* derived = fields.Find("derived")) {
    view.derived = ReadFeatures(*derived, "'derived' of " + what, false, problems);
  }
  fields.Finish();
  return view;
}

LabelDefinition ReadLabel(const yaml::NamedNode& named, ProblemList* problems) {
  LabelDefinition label;
  const std::string what = "label '" + named.name.value + "'";
  yaml::MapReader fields(*named.value, what, problems);
  ReadDescription(named, &fields, &label);
  ViewDefinition& view = label.view;
  static_cast<Definition&>(view) = label;
  view.windowed = true;
  view.history.reset();
  ReadEntities(&fields, what, &view, problems);
  ReadSourceName(&fields, what, &view, problems);
  fields.Reserve("offset", "windows that begin after the request time");
  fields.Reserve("by", "one value per category");
  view.where = fields.FindScalar("where", "a condition");
  FeatureDefinition feature;
  static_cast<Definition&>(feature) = label;
  feature.description.clear();
  feature.owner.clear();
  feature.tags.clear();
  if (const Node* value = fields.Require("value", "an aggregate such as count()")) {
    if (auto text = yaml::ReadScalar(*value, "'value' of " + what, "an aggregate", problems)) {
      feature.value = *text;
    }
  }
  feature.default_value = fields.Find("default");
  if (const Node* windows = fields.Find("windows")) {
    problems->Add(codes::kBadWindow, *windows,
                  "'windows' of " + what +
                      " is given; expected 'window': "
                      "a label has one");
  } else if (fields.Require("window", "how far it looks ahead, such as 30d") != nullptr) {
    view.windows = ReadWindows(&fields, what, problems);
    if (!view.windows.list.empty() && !view.windows.list[0].window.length) {
      problems->Add(codes::kBadWindow, *view.windows.list[0].text.node,
                    "'window' of " + what +
                        " is all; expected a duration: a label looks ahead a "
                        "stated time");
      view.windows.list.clear();
    }
  }
  view.features.push_back(std::move(feature));
  fields.Finish();
  return label;
}

}  // namespace millrace::features
