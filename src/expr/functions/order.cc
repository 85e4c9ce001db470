#include "expr/functions/order.h"

#include "base/check.h"

namespace millrace::expr {
namespace {

using columns::Column;
using columns::Physical;

template <class A, class B>
int Cells(const Column& a, int64_t i, const Column& b, int64_t j) {
  return Order(ValuesOf<A>(a)[i], ValuesOf<B>(b)[j]);
}

int Lists(const Column& a, int64_t i, const Column& b, int64_t j) {
  const auto order = columns::CompareCells(a, i, b, j);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

template <class A>
CellOrder AgainstNumber(Physical b) {
  if (b == Physical::kInt) return Cells<A, int64_t>;
  if (b == Physical::kUInt) return Cells<A, uint64_t>;
  MILLRACE_CHECK(b == Physical::kFloat);
  return Cells<A, double>;
}

}  // namespace

CellOrder CellOrderOf(const columns::Type& a, const columns::Type& b) {
  const Physical other = b.physical();
  switch (a.physical()) {
    case Physical::kBool:
      return Cells<Boolean, Boolean>;
    case Physical::kInt:
      return AgainstNumber<int64_t>(other);
    case Physical::kUInt:
      return AgainstNumber<uint64_t>(other);
    case Physical::kFloat:
      return AgainstNumber<double>(other);
    case Physical::kString:
      return Cells<std::string_view, std::string_view>;
    case Physical::kList:
      return Lists;
    case Physical::kNone:
    case Physical::kMap:
      break;
  }
  MILLRACE_CHECK(false);
  return nullptr;
}

}  // namespace millrace::expr
