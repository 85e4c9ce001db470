// Binding: one call while its types are found: its written form, its bound arguments, and the means
// to ask arguments for types. Every function's bind (functions/function.h) works on one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "expr/node.h"
#include "expr/typed_node.h"

namespace millrace::expr {

class Binding {
 public:
  // REQUIRES: `node` outlives it; arguments[i] is bound from node.children[i].
  Binding(const Node& node, std::vector<TypedNode> arguments)
      : node_(node), arguments_(std::move(arguments)) {}

  int size() const { return static_cast<int>(arguments_.size()); }
  const columns::Type& type(int i) const { return arguments_[i].type; }
  const Node& node() const { return node_; }
  // As written, for arguments that must be literals.
  const Node& written(int i) const { return node_.children[i]; }
  TypedNode* argument(int i) { return &arguments_[i]; }

  // Each converts argument i as conversion.h says, else type_mismatch at it, naming its type and
  // `expected` where that says more than the type.
  base::Status Want(int i, const columns::Type& type);
  base::Status WantInteger(int i);  // becomes int64
  base::Status WantFloat(int i);    // any number: becomes float64
  base::Status WantNumber(int i);   // null becomes float64; integers and floats stay as they are
  base::Status WantString(int i) { return Want(i, columns::Kind::kString); }
  base::Status WantTime(int i);  // timestamp or date; null and a string literal become timestamp
  base::Status WantList(int i, bool of_numbers);  // list or vector; null becomes list<float64>
  // These (all from `first` on) become their common type, which is returned; bool where all are
  // null.
  base::Result<columns::Type> WantCommon(const std::vector<int>& which);
  base::Result<columns::Type> WantCommon(int first);
  // Arguments i and j may be compared with one another: numbers of any types, else a common type.
  base::Status WantComparable(int i, int j);
  // A string literal, such as a date part. Error: wrong_arguments at it.
  base::Result<std::string> WantLiteral(int i, std::string_view expected) const;

  base::Status Mismatch(int i, std::string_view expected) const;                // type_mismatch
  base::Status Wrong(int i, std::string message, std::string hint = {}) const;  // wrong_arguments

  // The call; the arguments are moved into it.
  TypedNode Make(columns::Type type, Kernel kernel, std::shared_ptr<const Prepared> prepared = {});

 private:
  const Node& node_;
  std::vector<TypedNode> arguments_;
};

// An error at a node's first character.
base::Status ErrorAt(const Node& node, base::Code code, std::string message, std::string hint = {});

TypedNode Constant(columns::Value value, columns::Type type);
TypedNode CallNode(columns::Type type, Kernel kernel, std::vector<TypedNode> children);

}  // namespace millrace::expr
