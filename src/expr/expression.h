// Expression: parsed, bound to a scope and typed; immutable and shared between threads. Evaluator
// (evaluator.h) runs it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "columns/type.h"
#include "expr/node.h"
#include "expr/scope.h"

namespace millrace::expr {

struct TypedNode;  // typed_node.h

class Expression {
 public:
  Expression() = default;  // empty: only to be assigned to

  // Errors: syntax_error, unknown_name, ambiguous_name, type_mismatch, wrong_arguments, unknown
  // function (unknown_name with the nearest), each with the column of the character in `text`.
  static base::Result<Expression> Make(std::string_view text, const Scope& scope);
  static base::Result<Expression> Bind(const Node& node, const Scope& scope);

  // REQUIRES of all below: not empty.
  const columns::Type& type() const;
  // The scope columns it reads, ascending, distinct.
  const std::vector<int>& columns() const;
  // The scope column that it is, and computes nothing; -1: it computes.
  int bare_column() const;
  // Canonical text (parse.h); binding it to the same scope gives the same expression.
  const std::string& text() const;
  const TypedNode& root() const;
  explicit operator bool() const { return bound_ != nullptr; }

 private:
  struct Bound;
  std::shared_ptr<const Bound> bound_;
};

// Every function by name, in byte order: for docs, completion and nearest names. Operators are not
// among them.
std::vector<std::string> FunctionNames();

}  // namespace millrace::expr
