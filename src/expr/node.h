// Node: an expression as written, before names and types are known. Made by Parse (parse.h), bound
// by Expression (expression.h); features reads aggregate calls out of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "columns/value.h"

namespace millrace::expr {

enum class NodeKind {
  kLiteral,  // value, type (null: kNull; numbers: kInt64, kUInt64 beyond it, kFloat64; 7d:
             // kDuration)
  kName,     // text: "amount", "item.embedding"
  kCall,     // text: function or operator name; children: arguments. Functions in lower case;
             // operators
  // "+ - * / % = != < <= > >= || and or not", "-" of one argument, "is_null", "in" (value,
  // then the list), "between", "like". `x is not null`, `not in` … are "not" of these.
  kCase,   // children: when, then, when, then, …, [else] (has_else)
  kCast,   // text: "cast" or "try_cast"; children: {operand}; type: target
  kArray,  // array[…]
};

struct Node {
  NodeKind kind = NodeKind::kLiteral;
  int offset = 0;  // of its first character (for an operator: of the operator) in the text, from 0
  int end = 0;     // one past its last character
  std::string text;
  columns::Value value;
  columns::Type type;
  bool has_else = false;
  std::vector<Node> children;
  std::unique_ptr<Node> filter;  // kCall: `f(x) filter (where condition)`, else null
};

}  // namespace millrace::expr
