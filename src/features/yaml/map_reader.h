// MapReader: reads the fields of one YAML mapping by name, with a message for each that is missing,
// not known or not what was expected. Used by every definition and by millrace.yaml.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "features/yaml/node.h"
#include "features/yaml/problem_list.h"

namespace millrace::features::yaml {

class MapReader {
 public:
  // `what` names the mapping in messages: "view user_spend". A node that is no mapping is reported
  // and reads as an empty one. REQUIRES: node and problems outlive it.
  MapReader(const Node& node, std::string what, ProblemList* problems);

  // The value of a field; nullptr when there is none or it says nothing (reported). Marks the name
  // as known.
  const Node* Find(std::string_view field);
  // The same, with missing_field when there is none. `expected` says what belongs there.
  const Node* Require(std::string_view field, std::string_view expected);
  // Refuses a word whose place is kept, by name.
  void Reserve(std::string_view field, std::string_view meaning);
  // Whether the field stands there, whatever its value.
  bool Has(std::string_view field) const;

  // A text; what YAML would read as a boolean or a number is told to need quotes.
  std::optional<Text> FindText(std::string_view field);
  std::string FindPlainText(std::string_view field);  // "" when there is none
  // A scalar taken as it stands: an expression, a duration, a number.
  std::optional<Text> FindScalar(std::string_view field, std::string_view expected);
  std::optional<base::Duration> FindDuration(std::string_view field, base::Code code);
  std::map<std::string, std::string> FindTexts(std::string_view field);  // {name: text}

  // Reports every field that no call has asked for, and repeated ones. Call it last.
  void Finish();

  const Node& node() const { return *node_; }
  bool ok() const { return node_->is_map(); }

 private:
  const Node* node_;
  std::string what_;
  ProblemList* problems_;
  std::vector<std::string> known_;
  std::vector<std::string> refused_;
};

// // The named entries of a mapping such as `entities:`, refused ones included; unusable names are
// reported. `kind` for messages: "entity".
struct NamedNode {
  Text name;
  const Node* value;
};
std::vector<NamedNode> ReadNamed(const Node& node, std::string_view kind, ProblemList* problems);

// A text scalar, or nothing and a problem. `what` for messages: "'owner' of view user_spend".
std::optional<Text> ReadText(const Node& node, std::string_view what, ProblemList* problems);
// Any scalar, or nothing and a problem.
std::optional<Text> ReadScalar(const Node& node, std::string_view what, std::string_view expected,
                               ProblemList* problems);

}  // namespace millrace::features::yaml
