// Function: a function or operator of the language: its name, its signature for people and how a
// call of it is bound. Each family lists its own; the binder finds them here and
// docs/expressions.md repeats the signatures (a test compares).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "expr/binding.h"

namespace millrace::expr {

struct Function {
  std::string_view name;
  // "substr(text: string, start: int64[, length: int64]) -> string"; operators as they are written:
  // "x + y: number -> int64 | float64".
  std::string_view signature;
  std::string_view notes;  // what it does; nulls and errors where they are not the rule
  int arguments_min;
  int arguments_max;  // -1: any number
  base::Result<TypedNode> (*bind)(Binding*);
  bool is_operator = false;  // written otherwise than name(…); no candidate for a mistyped name
};

constexpr int kAnyNumber = -1;

std::span<const Function> ArithmeticFunctions();   // arithmetic.cc
std::span<const Function> ComparisonFunctions();   // comparison.cc
std::span<const Function> LogicFunctions();        // logic.cc
std::span<const Function> ConditionalFunctions();  // conditional.cc
std::span<const Function> MathFunctions();         // math.cc
std::span<const Function> TextFunctions();         // text.cc
std::span<const Function> PatternFunctions();      // pattern.cc
std::span<const Function> TimeFunctions();         // time.cc
std::span<const Function> ListFunctions();         // list.cc
std::span<const Function> VectorFunctions();       // vector.cc
std::span<const Function> HashFunctions();         // hash.cc

// All of them, in byte order of the names.
const std::vector<Function>& Functions();
// nullptr when there is none of that name.
const Function* FindFunction(std::string_view name);

// cast and try_cast (cast.cc). Error: type_mismatch at `written` where no value of the operand's
// type can become a `to`.
base::Result<TypedNode> Cast(const Node& written, TypedNode operand, const columns::Type& to,
                             bool null_on_failure);
// array[…] (list.cc).
base::Result<TypedNode> BindArray(Binding* b);
// case when … (conditional.cc); node().has_else.
base::Result<TypedNode> BindCase(Binding* b);

}  // namespace millrace::expr
