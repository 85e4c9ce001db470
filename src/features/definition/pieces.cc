// The pieces that several kinds of definitions share: descriptions, names, columns, windows,
// features.
#include <algorithm>
#include <utility>

#include "columns/type.h"
#include "expr/parse.h"
#include "features/definition/reader.h"

namespace millrace::features {

namespace codes = base::codes;
using yaml::Node;
using yaml::NodeKind;

namespace {

bool IsIdentifier(const std::string& text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (text.empty() || !letter(text[0])) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::optional<Type> ReadType(const Node& node, const std::string& what, ProblemList* problems) {
  const auto text =
      yaml::ReadScalar(node, what, "a type such as int64, string or list<string>", problems);
  if (!text) return std::nullopt;
  auto type = Type::Parse(text->value);
  if (type.ok()) return *type;
  if (text->value.starts_with("struct")) {
    problems->Add(codes::kBadValue, node, what + " is a struct; its fields are read by path",
                  "write {type: string, path: " + text->value + ".field}");
  } else if (text->value.starts_with("decimal")) {
    problems->Add(codes::kBadValue, node, what + " is a decimal, which is not a type here",
                  "say float64 or string");
  } else {
    problems->AddStatus(type.status(), node.place());
  }
  return std::nullopt;
}

ColumnDefinition ReadColumnMap(const Node& node, ColumnDefinition column, const std::string& what,
                               ProblemList* problems) {
  yaml::MapReader fields(node, what, problems);
  if (const Node* type = fields.Require("type", "the column's type")) {
    column.type = ReadType(*type, "'type' of " + what, problems);
  }
  column.path = fields.FindPlainText("path");
  fields.Finish();
  return column;
}

std::optional<WindowDefinition> ReadWindow(const Node& node, const std::string& what,
                                           ProblemList* problems) {
  if (node.is_map()) {
    for (const Node& key : node.keys) {
      if (key.text != "last") continue;
      problems->Add(
          codes::kReserved, key,
          "'last' is a reserved word (a window of the newest rows) that is not built yet");
      return std::nullopt;
    }
  }
  const auto text = yaml::ReadScalar(node, what, "a duration such as 1h or 7d, or all", problems);
  if (!text) return std::nullopt;
  if (text->value == "all") return WindowDefinition{*text, {}};
  const auto length = base::ParseDuration(text->value);
  if (length.ok()) return WindowDefinition{*text, {*length}};
  problems->Add(
      codes::kBadWindow, node,
      what + " is '" + text->value + "'; expected a duration such as 30m, 1h, 7d or 4w, or all");
  return std::nullopt;
}

void ReadWindowList(const Node& node, std::string_view what, std::vector<WindowDefinition>* windows,
                    ProblemList* problems) {
  if (!node.is_list() || node.values.empty()) {
    problems->Add(
        codes::kBadWindow, node,
        "'windows' of " + std::string(what) + " is " + (node.is_list() ? "empty" : node.Found()) +
            "; expected a list such as [1d, 7d]",
        node.is_scalar() ? "one window without a suffix is written as window: " + node.text : "");
    return;
  }
  for (const Node& item : node.values) {
    const auto read = ReadWindow(item, "a window of " + std::string(what), problems);
    if (!read) continue;
    const auto same = [&](const WindowDefinition& w) { return w.window == read->window; };
    const auto found = std::find_if(windows->begin(), windows->end(), same);
    if (found == windows->end()) {
      windows->push_back(*read);
      continue;
    }
    const bool as_typed = found->text.value == read->text.value;
    problems->Add(codes::kBadWindow, item,
                  "the window " + read->text.value + " stands twice" +
                      (as_typed ? "" : ", first as " + found->text.value));
  }
}

}  // namespace

void ReadDescription(const yaml::NamedNode& named, yaml::MapReader* fields,
                     Definition* definition) {
  definition->name = named.name;
  definition->node = named.value;
  definition->description = fields->FindPlainText("description");
  definition->owner = fields->FindPlainText("owner");
  definition->tags = fields->FindTexts("tags");
}

bool CheckName(const Text& name, std::string_view kind, ProblemList* problems) {
  const std::string found = "the name of a " + std::string(kind) + " is '" + name.value + "'";
  if (!IsIdentifier(name.value)) {
    problems->Add(codes::kBadValue, *name.node,
                  found + "; expected letters, digits and _, not beginning with a digit");
    return false;
  }
  const auto parsed = expr::Parse(name.value);
  if (parsed.ok() && parsed->kind == expr::NodeKind::kName && name.value != "as_of") return true;
  problems->Add(codes::kBadValue, *name.node,
                found + ", a word of the expression language; expected another name");
  return false;
}

std::vector<ColumnDefinition> ReadColumns(const Node& node, std::string_view what, bool paths,
                                          ProblemList* problems) {
  std::vector<ColumnDefinition> columns;
  if (!node.is_map()) {
    problems->Add(codes::kBadValue, node,
                  std::string(what) + " is " + node.Found() + "; expected {name: type, …}");
    return columns;
  }
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const Node& key = node.keys[i];
    if (!key.is_scalar() || key.text.empty()) {
      problems->Add(codes::kBadValue, key, "a name in " + std::string(what) + " is not text");
      continue;
    }
    const auto same = [&](const ColumnDefinition& c) { return c.name.value == key.text; };
    if (std::any_of(columns.begin(), columns.end(), same)) {
      problems->Add(codes::kDuplicate, key,
                    "'" + key.text + "' stands twice in " + std::string(what));
      continue;
    }
    ColumnDefinition column;
    column.name = Text{key.text, &key};
    const std::string column_what = "'" + key.text + "' in " + std::string(what);
    if (paths && node.values[i].is_map()) {
      column = ReadColumnMap(node.values[i], column, column_what, problems);
    } else {
      column.type = ReadType(node.values[i], "the type of " + column_what, problems);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

std::vector<Text> ReadTextList(const Node& node, std::string_view what, ProblemList* problems) {
  std::vector<Text> texts;
  if (!node.is_list()) {
    if (auto text = yaml::ReadText(node, what, problems)) texts.push_back(*text);
    return texts;
  }
  for (const Node& item : node.values) {
    if (auto text = yaml::ReadText(item, "an item of " + std::string(what), problems)) {
      texts.push_back(*text);
    }
  }
  return texts;
}

WindowsDefinition ReadWindows(yaml::MapReader* fields, std::string_view what,
                              ProblemList* problems) {
  WindowsDefinition windows;
  windows.given = fields->Has("window") || fields->Has("windows");
  const Node* one = fields->Find("window");
  const Node* many = fields->Find("windows");
  windows.suffixed = many != nullptr;
  if (one != nullptr && many != nullptr) {
    problems->Add(codes::kBadWindow, *one,
                  std::string(what) + " has both 'window' and 'windows'; expected one of them");
  }
  if (many != nullptr) {
    ReadWindowList(*many, what, &windows.list, problems);
  } else if (one != nullptr && one->is_list()) {
    problems->Add(codes::kBadWindow, *one, "'window' of " + std::string(what) + " is a list",
                  "several windows are written as windows: […]");
  } else if (one != nullptr) {
    const auto read = ReadWindow(*one, "'window' of " + std::string(what), problems);
    if (read) windows.list.push_back(*read);
  }
  return windows;
}

std::vector<FeatureDefinition> ReadFeatures(const Node& node, std::string_view what,
                                            bool windows_allowed, ProblemList* problems) {
  std::vector<FeatureDefinition> features;
  if (!node.is_map()) {
    problems->Add(codes::kBadValue, node,
                  std::string(what) + " is " + node.Found() + "; expected {name: expression, …}");
    return features;
  }
  for (const yaml::NamedNode& named : yaml::ReadNamed(node, "feature", problems)) {
    FeatureDefinition feature;
    const std::string feature_what = "feature '" + named.name.value + "'";
    if (named.value->is_map() && !named.value->refused) {
      yaml::MapReader fields(*named.value, feature_what, problems);
      ReadDescription(named, &fields, &feature);
      fields.Reserve("offset", "windows that end before the request time");
      fields.Reserve("by", "one value per category");
      if (const Node* value = fields.Require("value", "its expression")) {
        if (auto text =
                yaml::ReadScalar(*value, "'value' of " + feature_what, "an expression", problems)) {
          feature.value = *text;
        }
      }
      feature.default_value = fields.Find("default");
      if (windows_allowed) {
        feature.windows = ReadWindows(&fields, feature_what, problems);
      }
      fields.Finish();
    } else {
      feature.name = named.name;
      feature.node = named.value;
      if (named.value->refused) {
        // It stays without a value, so that what uses it is not told that it does not exist.
      } else if (named.value->kind == NodeKind::kNull) {
        problems->Add(codes::kMissingField, *named.name.node,
                      feature_what + " has no value; expected an expression");
      } else if (auto text =
                     yaml::ReadScalar(*named.value, feature_what, "an expression", problems)) {
        feature.value = *text;
      }
    }
    features.push_back(std::move(feature));
  }
  return features;
}

}  // namespace millrace::features
