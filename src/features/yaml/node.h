// Node: a YAML value as written, with the place of every scalar, so that a message can point at one
// character of an expression. No anchors, aliases or tags: definitions have none.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace millrace::features::yaml {

// A file's text and where its lines begin. Nodes point to it.
struct File {
  std::string name;
  std::string text;
  std::vector<size_t> line_starts;

  File(std::string file_name, std::string file_text);
  base::Place PlaceOf(size_t offset) const;
};

enum class NodeKind { kNull, kScalar, kList, kMap };

// How a scalar was written.
enum class Style { kPlain, kSingleQuoted, kDoubleQuoted, kBlock };

struct Node {
  NodeKind kind = NodeKind::kNull;
  Style style = Style::kPlain;
  bool flow = false;  // a list in [] or a map in {}
  bool refused =
      false;          // what is wrong with it is reported, or it was cut off: readers pass over it
  std::string text;   // kScalar
  size_t offset = 0;  // of its first character (a quote, for quoted ones) in the file
  const File* file = nullptr;
  std::vector<Node> keys;    // kMap, as written: duplicates are kept
  std::vector<Node> values;  // kMap: by keys; kList: the items

  bool is_scalar() const { return kind == NodeKind::kScalar; }
  bool is_map() const { return kind == NodeKind::kMap; }
  bool is_list() const { return kind == NodeKind::kList; }
  // "text 'abc'", "a list", "a mapping", "nothing": for messages.
  std::string Found() const;

  base::Place place() const;
  // Where character `position` (from 0) of the scalar's text stands in the file; REQUIRES: kScalar.
  base::Place PlaceOfCharacter(size_t position) const;
};

// A scalar whose text was taken over, with where it was written.
struct Text {
  std::string value;
  const Node* node = nullptr;

  base::Place place() const { return node == nullptr ? base::Place{} : node->place(); }
};

}  // namespace millrace::features::yaml
