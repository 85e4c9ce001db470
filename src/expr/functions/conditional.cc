// case, if, coalesce, nullif, greatest, least: which of the arguments a row takes. What a row does
// not take does not count, its errors neither.
#include "expr/functions/function.h"
#include "expr/functions/order.h"

namespace millrace::expr {
namespace {

using columns::Kind;
using columns::kNullCell;
using columns::kValid;
using columns::Physical;
using columns::Type;

// What a row takes: an argument's cell, or (argument < 0) a cell that is not valid.
struct Taken {
  int argument = -1;
  uint8_t cell = kNullCell;
};

template <class T, class Choose>
void TakeFlat(const Invocation& in, Choose choose) {
  Writer<T> out(in);
  for (int64_t i = 0; i < in.rows; ++i) {
    const Taken taken = choose(in, i);
    if (taken.argument < 0) {
      out.SetCell(i, taken.cell);
      continue;
    }
    // Strings stay where the argument has them, which lives as long as the result.
    const Argument& a = in.arguments[static_cast<size_t>(taken.argument)];
    out.Set(i, ValuesOf<T>(*a.column)[a.at(i)], a.cell(i));
  }
}

template <class Choose>
void TakeNested(const Invocation& in, Choose choose) {
  in.out->Clear();
  for (int64_t i = 0; i < in.rows; ++i) {
    const Taken taken = choose(in, i);
    if (taken.argument < 0) {
      in.out->AppendCell(static_cast<columns::Cell>(taken.cell));
      continue;
    }
    const Argument& a = in.arguments[static_cast<size_t>(taken.argument)];
    in.out->AppendFrom(*a.column, a.at(i));
  }
}

// The kernel that takes what Choice::Of(in, row) says.
template <class Choice>
void TakeKernel(const Invocation& in) {
  const auto choose = [](const Invocation& each, int64_t row) { return Choice::Of(each, row); };
  switch (in.out->type().physical()) {
    case Physical::kBool:
      return TakeFlat<Boolean>(in, choose);
    case Physical::kInt:
      return TakeFlat<int64_t>(in, choose);
    case Physical::kUInt:
      return TakeFlat<uint64_t>(in, choose);
    case Physical::kFloat:
      return TakeFlat<double>(in, choose);
    case Physical::kString:
      return TakeFlat<std::string_view>(in, choose);
    default:
      return TakeNested(in, choose);
  }
}

// Arguments: condition, value, condition, value, …, [else].
struct CaseChoice {
  static Taken Of(const Invocation& in, int64_t row) {
    const size_t size = in.arguments.size();
    for (size_t i = 0; i + 1 < size; i += 2) {
      const Argument& condition = in.arguments[i];
      const uint8_t cell = condition.cell(row);
      if (cell > kValid) return {-1, cell};
      if (cell == kValid && condition.column->bools[condition.at(row)] != 0) {
        return {static_cast<int>(i) + 1, kValid};
      }
    }
    if (size % 2 == 1) return {static_cast<int>(size) - 1, kValid};
    return {};
  }
};

struct CoalesceChoice {
  static Taken Of(const Invocation& in, int64_t row) {
    for (size_t i = 0; i < in.arguments.size(); ++i) {
      if (in.arguments[i].cell(row) != kNullCell) return {static_cast<int>(i), kValid};
    }
    return {};
  }
};

// Not the one of two that are equal; the comparison needs both.
struct NullIfChoice {
  static Taken Of(const Invocation& in, int64_t row) {
    const Argument& a = in.arguments[0];
    const Argument& b = in.arguments[1];
    const uint8_t both = Combine(a.cell(row), b.cell(row));
    if (both > kValid) return {-1, both};
    if (both == kNullCell) return {0, kValid};
    const CellOrder order = CellOrderOf(a.column->type, b.column->type);
    if (order(*a.column, a.at(row), *b.column, b.at(row)) == 0) return {};
    return {0, kValid};
  }
};

// kSign 1: greatest, -1: least. The first of equal ones.
template <int kSign>
struct ExtremeChoice {
  static Taken Of(const Invocation& in, int64_t row) {
    Taken best;
    for (size_t i = 0; i < in.arguments.size(); ++i) {
      const Argument& a = in.arguments[i];
      const uint8_t cell = a.cell(row);
      if (cell > kValid) return {-1, cell};
      if (cell == kNullCell) continue;
      if (best.argument >= 0) {
        const Argument& b = in.arguments[static_cast<size_t>(best.argument)];
        const CellOrder order = CellOrderOf(a.column->type, b.column->type);
        if (order(*a.column, a.at(row), *b.column, b.at(row)) * kSign <= 0) continue;
      }
      best = {static_cast<int>(i), kValid};
    }
    return best;
  }
};

base::Result<TypedNode> BindIf(Binding* b) {
  ARROW_RETURN_NOT_OK(b->Want(0, Kind::kBool));
  ARROW_ASSIGN_OR_RAISE(const Type type, b->WantCommon(1));
  return b->Make(type, TakeKernel<CaseChoice>);
}

base::Result<TypedNode> BindCoalesce(Binding* b) {
  ARROW_ASSIGN_OR_RAISE(const Type type, b->WantCommon(0));
  return b->Make(type, TakeKernel<CoalesceChoice>);
}

base::Result<TypedNode> BindNullIf(Binding* b) {
  ARROW_RETURN_NOT_OK(b->WantComparable(0, 1));
  const Type type = b->type(0);
  return b->Make(type, TakeKernel<NullIfChoice>);
}

template <int kSign>
base::Result<TypedNode> BindExtreme(Binding* b) {
  ARROW_ASSIGN_OR_RAISE(const Type type, b->WantCommon(0));
  if (!type.is_ordered()) return b->Mismatch(0, "a type that has an order");
  return b->Make(type, TakeKernel<ExtremeChoice<kSign>>);
}

constexpr Function kFunctions[] = {
    {"if", "if(condition: bool, then: T, else: T) -> T",
     "the else where the condition is false or null; what is not taken does not count", 3, 3,
     BindIf},
    {"coalesce", "coalesce(x: T, …) -> T",
     "the first that is not null; what follows it does not count", 1, kAnyNumber, BindCoalesce},
    {"nullif", "nullif(x: T, y: T) -> T", "null where x = y, else x", 2, 2, BindNullIf},
    {"greatest", "greatest(x: T, …) -> T",
     "by the order of values; ignores nulls, null where all are", 1, kAnyNumber, BindExtreme<1>},
    {"least", "least(x: T, …) -> T", "by the order of values; ignores nulls, null where all are", 1,
     kAnyNumber, BindExtreme<-1>},
};

}  // namespace

base::Result<TypedNode> BindCase(Binding* b) {
  const int pairs_end = b->size() - (b->node().has_else ? 1 : 0);
  std::vector<int> values;
  for (int i = 0; i < pairs_end; i += 2) {
    ARROW_RETURN_NOT_OK(b->Want(i, Kind::kBool));
    values.push_back(i + 1);
  }
  if (b->node().has_else) values.push_back(pairs_end);
  ARROW_ASSIGN_OR_RAISE(const Type type, b->WantCommon(values));
  return b->Make(type, TakeKernel<CaseChoice>);
}

std::span<const Function> ConditionalFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
