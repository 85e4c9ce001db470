// The order of values between two cells of possibly different numeric types, exactly. What
// comparison, `in`, greatest, bucketize and array_contains share.
#pragma once

#include <cstdint>
#include <string_view>

#include "columns/column.h"
#include "expr/kernel.h"

namespace millrace::expr {

inline int Order(int64_t a, int64_t b) {
  return (a > b) - (a < b);
}
inline int Order(uint64_t a, uint64_t b) {
  return (a > b) - (a < b);
}
inline int Order(Boolean a, Boolean b) {
  return static_cast<int>(a) - static_cast<int>(b);
}
inline int Order(std::string_view a, std::string_view b) {
  const int order = a.compare(b);
  return (order > 0) - (order < 0);
}
// Every NaN is one value, the largest; -0.0 = +0.0.
inline int Order(double a, double b) {
  if (a == b) return 0;
  if (a != a || b != b) return static_cast<int>(a != a) - static_cast<int>(b != b);
  return a < b ? -1 : 1;
}
inline int Order(int64_t a, uint64_t b) {
  return a < 0 ? -1 : Order(static_cast<uint64_t>(a), b);
}
// The integer against the whole part, then against what is behind the point: no rounding.
inline int Order(int64_t a, double b) {
  if (!(b < 0x1p63)) return -1;  // NaN too
  if (b < -0x1p63) return 1;
  const auto whole = static_cast<int64_t>(b);
  return a != whole ? Order(a, whole) : Order(static_cast<double>(whole), b);
}
inline int Order(uint64_t a, double b) {
  if (!(b < 0x1p64)) return -1;
  if (b < 0) return 1;
  const auto whole = static_cast<uint64_t>(b);
  return a != whole ? Order(a, whole) : Order(static_cast<double>(whole), b);
}
inline int Order(uint64_t a, int64_t b) {
  return -Order(b, a);
}
inline int Order(double a, int64_t b) {
  return -Order(b, a);
}
inline int Order(double a, uint64_t b) {
  return -Order(b, a);
}

// REQUIRES: both cells valid.
using CellOrder = int (*)(const columns::Column& a, int64_t i, const columns::Column& b, int64_t j);

// For columns of these types. REQUIRES: both numeric, or of the same physical form and not maps.
CellOrder CellOrderOf(const columns::Type& a, const columns::Type& b);

}  // namespace millrace::expr
