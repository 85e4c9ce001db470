// How tightly each operator binds; the parser and the printer share it. Private to both.
#pragma once

#include <string_view>

namespace millrace::expr {

enum Precedence : int {
  kOr = 1,
  kAnd,
  kNot,
  kComparison,  // = != < <= > >= is in between like; do not chain
  kConcat,
  kSum,
  kProduct,
  kUnary,
  kPrimary,
};

// 0 for what is no binary operator.
inline int BinaryPrecedence(std::string_view op) {
  if (op == "or") return kOr;
  if (op == "and") return kAnd;
  if (op == "=" || op == "!=" || op == "<" || op == "<=" || op == ">" || op == ">=") {
    return kComparison;
  }
  if (op == "||") return kConcat;
  if (op == "+" || op == "-") return kSum;
  if (op == "*" || op == "/" || op == "%") return kProduct;
  if (op == "div" || op == "floor_div" || op == "floor_mod") return kProduct;
  return 0;
}

}  // namespace millrace::expr
