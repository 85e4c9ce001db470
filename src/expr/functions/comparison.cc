// = != < <= > >= in between: by the order of values, three-valued. `in` and `between` are the `or`
// and `and` of comparisons, and judge nulls and errors as those do.
#include "expr/functions/function.h"
#include "expr/functions/order.h"

namespace millrace::expr {
namespace {

using columns::Kind;
using columns::kNullCell;
using columns::kValid;
using columns::Physical;
using columns::Type;

struct Equal {
  static bool Holds(int order) { return order == 0; }
};
struct NotEqual {
  static bool Holds(int order) { return order != 0; }
};
struct Less {
  static bool Holds(int order) { return order < 0; }
};
struct LessOrEqual {
  static bool Holds(int order) { return order <= 0; }
};
struct Greater {
  static bool Holds(int order) { return order > 0; }
};
struct GreaterOrEqual {
  static bool Holds(int order) { return order >= 0; }
};

template <class Op, class A, class B>
void CompareKernel(const Invocation& in) {
  EachRow<Boolean, A, B>(in, [](A a, B b, uint8_t*) -> Boolean { return Op::Holds(Order(a, b)); });
}

template <class Op>
void CompareListsKernel(const Invocation& in) {
  const Argument& a = in.arguments[0];
  const Argument& b = in.arguments[1];
  const CellOrder order = CellOrderOf(a.column->type, b.column->type);
  EachValidRow<Boolean>(in, [&](int64_t i, uint8_t*) -> Boolean {
    return Op::Holds(order(*a.column, a.at(i), *b.column, b.at(i)));
  });
}

template <class Op, class A>
Kernel AgainstNumber(Physical b) {
  if (b == Physical::kInt) return CompareKernel<Op, A, int64_t>;
  if (b == Physical::kUInt) return CompareKernel<Op, A, uint64_t>;
  return CompareKernel<Op, A, double>;
}

template <class Op>
Kernel ChooseKernel(Physical a, Physical b) {
  switch (a) {
    case Physical::kBool:
      return CompareKernel<Op, Boolean, Boolean>;
    case Physical::kInt:
      return AgainstNumber<Op, int64_t>(b);
    case Physical::kUInt:
      return AgainstNumber<Op, uint64_t>(b);
    case Physical::kFloat:
      return AgainstNumber<Op, double>(b);
    case Physical::kString:
      return CompareKernel<Op, std::string_view, std::string_view>;
    default:
      return CompareListsKernel<Op>;
  }
}

template <class Op>
base::Result<TypedNode> BindCompare(Binding* b) {
  ARROW_RETURN_NOT_OK(b->WantComparable(0, 1));
  const Kernel kernel = ChooseKernel<Op>(b->type(0).physical(), b->type(1).physical());
  return b->Make(Kind::kBool, kernel);
}

// `in` and `between` compare argument 0 with each of the others. Numbers stay as they are and
// compare exactly; other types become one.
base::Status WantComparableToFirst(Binding* b) {
  bool numbers = true;
  for (int i = 0; i < b->size(); ++i) {
    numbers = numbers && (b->type(i).is_numeric() || b->type(i).is_null());
  }
  if (numbers) {
    for (int i = 0; i < b->size(); ++i) ARROW_RETURN_NOT_OK(b->WantNumber(i));
    return base::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const Type common, b->WantCommon(0));
  return common.is_ordered() ? base::Status::OK() : b->Mismatch(0, "a type that has an order");
}

// x = a or x = b or …, from the left: the first true wins, the first error before it, then null.
void InKernel(const Invocation& in) {
  Writer<Boolean> out(in);
  const Argument& x = in.arguments[0];
  for (int64_t i = 0; i < in.rows; ++i) {
    uint8_t cell = x.cell(i);
    Boolean found = 0;
    if (cell <= kValid) {
      for (const Argument& a : in.arguments.subspan(1)) {
        const uint8_t other = a.cell(i);
        if (other > kValid) {
          cell = other;
          break;
        }
        if (other == kNullCell || cell == kNullCell) {
          cell = kNullCell;
          continue;
        }
        const CellOrder order = CellOrderOf(x.column->type, a.column->type);
        if (order(*x.column, x.at(i), *a.column, a.at(i)) == 0) {
          found = 1;
          break;
        }
      }
    }
    out.Set(i, found, found != 0 ? uint8_t{kValid} : cell);
  }
}

base::Result<TypedNode> BindIn(Binding* b) {
  ARROW_RETURN_NOT_OK(WantComparableToFirst(b));
  return b->Make(Kind::kBool, InKernel);
}

// x >= low and x <= high.
void BetweenKernel(const Invocation& in) {
  Writer<Boolean> out(in);
  const Argument& x = in.arguments[0];
  const Argument& low = in.arguments[1];
  const Argument& high = in.arguments[2];
  const CellOrder to_low = CellOrderOf(x.column->type, low.column->type);
  const CellOrder to_high = CellOrderOf(x.column->type, high.column->type);
  for (int64_t i = 0; i < in.rows; ++i) {
    const uint8_t first = Combine(x.cell(i), low.cell(i));
    if (first > kValid) {
      out.SetCell(i, first);
      continue;
    }
    if (first == kValid && to_low(*x.column, x.at(i), *low.column, low.at(i)) < 0) {
      out.Set(i, 0, kValid);
      continue;
    }
    const uint8_t second = Combine(x.cell(i), high.cell(i));
    if (second == kValid && to_high(*x.column, x.at(i), *high.column, high.at(i)) > 0) {
      out.Set(i, 0, kValid);
      continue;
    }
    out.Set(i, 1, Combine(first, second));
  }
}

base::Result<TypedNode> BindBetween(Binding* b) {
  ARROW_RETURN_NOT_OK(WantComparableToFirst(b));
  return b->Make(Kind::kBool, BetweenKernel);
}

constexpr std::string_view kNotes =
    "by the order of values; numbers of any types compare exactly; maps have no order";

constexpr Function kFunctions[] = {
    {"=", "x = y: T, T -> bool", kNotes, 2, 2, BindCompare<Equal>, true},
    {"!=", "x != y: T, T -> bool", "also written <>", 2, 2, BindCompare<NotEqual>, true},
    {"<", "x < y: T, T -> bool", kNotes, 2, 2, BindCompare<Less>, true},
    {"<=", "x <= y: T, T -> bool", kNotes, 2, 2, BindCompare<LessOrEqual>, true},
    {">", "x > y: T, T -> bool", kNotes, 2, 2, BindCompare<Greater>, true},
    {">=", "x >= y: T, T -> bool", kNotes, 2, 2, BindCompare<GreaterOrEqual>, true},
    {"in", "x [not] in (a, …): T, T… -> bool", "x = a or x = b or …", 2, kAnyNumber, BindIn, true},
    {"between", "x [not] between low and high: T, T, T -> bool", "x >= low and x <= high", 3, 3,
     BindBetween, true},
};

}  // namespace

std::span<const Function> ComparisonFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
