// TypedNode: one step of a bound expression: names are column numbers, every type is known and
// every call has its kernel. Made by the binder, run by the Evaluator; nobody else reads it.
#pragma once

#include <memory>
#include <vector>

#include "columns/type.h"
#include "columns/value.h"
#include "expr/kernel.h"

namespace millrace::expr {

struct TypedNode {
  enum class Op : uint8_t { kConstant, kColumn, kCall };

  Op op = Op::kConstant;
  columns::Type type;
  columns::Value value;     // kConstant
  int column = -1;          // kColumn
  Kernel kernel = nullptr;  // kCall
  std::shared_ptr<const Prepared> prepared;
  std::vector<TypedNode> children;
};

}  // namespace millrace::expr
