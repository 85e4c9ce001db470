// Reading of mappings, field by field.
#include "features/yaml/map_reader.h"

#include <algorithm>
#include <utility>

#include "features/yaml/quoting.h"

namespace millrace::features::yaml {

namespace codes = base::codes;

MapReader::MapReader(const Node& node, std::string what, ProblemList* problems)
    : node_(&node), what_(std::move(what)), problems_(problems) {
  if (!node.is_map()) {
    problems->Add(codes::kBadValue, node,
                  what_ + " is " + node.Found() + "; expected a mapping of fields");
  }
}

bool MapReader::Has(std::string_view field) const {
  return node_->is_map() &&
         std::any_of(node_->keys.begin(), node_->keys.end(),
                     [&](const Node& key) { return key.is_scalar() && key.text == field; });
}

const Node* MapReader::Find(std::string_view field) {
  if (std::find(known_.begin(), known_.end(), field) == known_.end()) known_.emplace_back(field);
  if (!node_->is_map()) return nullptr;
  for (size_t i = 0; i < node_->keys.size(); ++i) {
    if (!node_->keys[i].is_scalar() || node_->keys[i].text != field) continue;
    if (node_->values[i].refused) return nullptr;
    if (node_->values[i].kind != NodeKind::kNull) return &node_->values[i];
    problems_->Add(codes::kMissingField, node_->keys[i],
                   "'" + std::string(field) + "' of " + what_ + " says nothing");
    return nullptr;
  }
  return nullptr;
}

const Node* MapReader::Require(std::string_view field, std::string_view expected) {
  const Node* value = Find(field);
  if (!Has(field) && node_->is_map()) {
    problems_->Add(
        codes::kMissingField, *node_,
        what_ + " has no '" + std::string(field) + "'; expected " + std::string(expected));
  }
  return value;
}

void MapReader::Reserve(std::string_view field, std::string_view meaning) {
  if (!node_->is_map()) return;
  for (const Node& key : node_->keys) {
    if (!key.is_scalar() || key.text != field) continue;
    refused_.emplace_back(field);
    problems_->Add(codes::kReserved, key,
                   "'" + std::string(field) + "' is a reserved word (" + std::string(meaning) +
                       ") that is not built yet");
  }
}

std::optional<Text> ReadScalar(const Node& node, std::string_view what, std::string_view expected,
                               ProblemList* problems) {
  if (node.refused) return std::nullopt;
  if (node.is_scalar()) return Text{node.text, &node};
  std::string message =
      std::string(what) + " is " + node.Found() + "; expected " + std::string(expected);
  if (node.flow) {
    problems->Add(codes::kNeedsQuotes, node, message,
                  "a value that starts with '{' or '[' is text only in quotes");
  } else {
    problems->Add(codes::kBadValue, node, message);
  }
  return std::nullopt;
}

std::optional<Text> ReadText(const Node& node, std::string_view what, ProblemList* problems) {
  const std::string other = OtherReading(node);
  if (!other.empty()) {
    problems->Add(codes::kNeedsQuotes, node,
                  std::string(what) + " is '" + node.text + "', which YAML reads as " + other +
                      "; expected text",
                  "write \"" + node.text + "\"");
    return std::nullopt;
  }
  return ReadScalar(node, what, "text", problems);
}

std::optional<Text> MapReader::FindText(std::string_view field) {
  const Node* value = Find(field);
  if (value == nullptr) return std::nullopt;
  return ReadText(*value, "'" + std::string(field) + "' of " + what_, problems_);
}

std::string MapReader::FindPlainText(std::string_view field) {
  std::optional<Text> text = FindText(field);
  return text ? text->value : std::string();
}

std::optional<Text> MapReader::FindScalar(std::string_view field, std::string_view expected) {
  const Node* value = Find(field);
  if (value == nullptr) return std::nullopt;
  return ReadScalar(*value, "'" + std::string(field) + "' of " + what_, expected, problems_);
}

std::optional<base::Duration> MapReader::FindDuration(std::string_view field, base::Code code) {
  const auto text = FindScalar(field, "a duration such as 10s, 5m, 1h, 7d or 4w");
  if (!text) return std::nullopt;
  const auto duration = base::ParseDuration(text->value);
  if (duration.ok()) return *duration;
  problems_->Add(code, *text->node,
                 "'" + std::string(field) + "' of " + what_ + " is '" + text->value +
                     "'; expected a duration such as 10s, 5m, 1h, 7d or 4w");
  return std::nullopt;
}

std::map<std::string, std::string> MapReader::FindTexts(std::string_view field) {
  std::map<std::string, std::string> texts;
  const Node* value = Find(field);
  if (value == nullptr) return texts;
  const std::string what = "'" + std::string(field) + "' of " + what_;
  if (!value->is_map()) {
    problems_->Add(codes::kBadValue, *value,
                   what + " is " + value->Found() + "; expected a mapping of names to text");
    return texts;
  }
  for (size_t i = 0; i < value->keys.size(); ++i) {
    if (!value->keys[i].is_scalar()) {
      problems_->Add(codes::kBadValue, value->keys[i], "a name in " + what + " is not text");
      continue;
    }
    const std::string& name = value->keys[i].text;
    const auto text = ReadText(value->values[i], "'" + name + "' in " + what, problems_);
    if (!text) continue;
    if (!texts.emplace(name, text->value).second) {
      problems_->Add(codes::kDuplicate, value->keys[i], "'" + name + "' stands twice in " + what);
    }
  }
  return texts;
}

void MapReader::Finish() {
  if (!node_->is_map()) return;
  std::vector<std::string> seen;
  for (size_t i = 0; i < node_->keys.size(); ++i) {
    const Node& key = node_->keys[i];
    if (!key.is_scalar()) {
      problems_->Add(codes::kUnknownField, key,
                     "a field of " + what_ + " is " + key.Found() + "; expected its name");
      continue;
    }
    if (std::find(seen.begin(), seen.end(), key.text) != seen.end()) {
      problems_->Add(codes::kDuplicate, key, "'" + key.text + "' stands twice in " + what_);
      continue;
    }
    seen.push_back(key.text);
    const auto holds = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), key.text) != names.end();
    };
    if (holds(known_) || holds(refused_)) continue;
    std::string hint = base::NearestHint(key.text, known_);
    if (hint.empty()) {
      hint = "it may have:";
      for (const std::string& name : known_) hint += " " + name;
    }
    problems_->Add(codes::kUnknownField, key, what_ + " has no field '" + key.text + "'", hint);
  }
}

std::vector<NamedNode> ReadNamed(const Node& node, std::string_view kind, ProblemList* problems) {
  std::vector<NamedNode> named;
  if (node.kind == NodeKind::kNull || (node.refused && !node.is_map())) return named;
  if (!node.is_map()) {
    problems->Add(codes::kBadValue, node,
                  "found " + node.Found() + "; expected a mapping of " + std::string(kind) +
                      " names to definitions");
    return named;
  }
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const Node& key = node.keys[i];
    if (!key.is_scalar()) {
      problems->Add(codes::kBadValue, key,
                    "the name of a " + std::string(kind) + " is " + key.Found() +
                        "; expected letters, digits and _");
      continue;
    }
    named.push_back({Text{key.text, &key}, &node.values[i]});
  }
  return named;
}

}  // namespace millrace::features::yaml
