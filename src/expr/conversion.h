// Conversions that are not written: what makes `price * 2` and `coalesce(count, 0)` one type.
// Casts, which are written, are in functions/cast.cc and judge each value.
#pragma once

#include <optional>

#include "base/status.h"
#include "columns/type.h"
#include "expr/node.h"
#include "expr/typed_node.h"

namespace millrace::expr {

// Makes `node` a `to` where that needs no cast: null to anything, integers to int64 (a uint64
// beyond it is an integer_overflow cell) and to float64 (rounded to nearest even), a constant of at
// least 0 to uint64, float32 to float64, a string literal to timestamp or date, lists by their
// elements, a vector to a list. False, and nothing is changed, where it needs one. Error:
// type_mismatch for a string literal that is no time. `written` is what the user wrote.
base::Result<bool> Convert(const Node& written, const columns::Type& to, TypedNode* node);

// The type that `a` and `b` both convert to; nothing when there is none.
std::optional<columns::Type> CommonType(const columns::Type& a, const TypedNode& b);

// Applies `element` to every element of a list; an error in one makes the list that error, or null.
TypedNode ConvertElements(columns::Type to, const TypedNode& element, bool null_on_failure,
                          TypedNode node);

}  // namespace millrace::expr
