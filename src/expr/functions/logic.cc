// and, or, not, is null: three-valued. `and` and `or` judge from the left: an error on the right
// does not count where the left already decides.
#include "expr/functions/function.h"

namespace millrace::expr {
namespace {

using columns::Kind;
using columns::kNullCell;
using columns::kValid;

// kDeciding decides alone: false for `and`, true for `or`.
template <Boolean kDeciding>
void ConnectKernel(const Invocation& in) {
  const Reader<Boolean> a(in.arguments[0]);
  const Reader<Boolean> b(in.arguments[1]);
  Writer<Boolean> out(in);
  for (int64_t i = 0; i < in.rows; ++i) {
    const uint8_t left = a.cell(i);
    if (left > kValid || (left == kValid && a[i] == kDeciding)) {
      out.Set(i, kDeciding, left);
      continue;
    }
    const uint8_t right = b.cell(i);
    if (right > kValid || (right == kValid && b[i] == kDeciding)) {
      out.Set(i, kDeciding, right);
      continue;
    }
    out.Set(i, 1 - kDeciding, left & right);
  }
}

template <Boolean kDeciding>
base::Result<TypedNode> BindConnect(Binding* b) {
  for (int i : {0, 1}) ARROW_RETURN_NOT_OK(b->Want(i, Kind::kBool));
  return b->Make(Kind::kBool, ConnectKernel<kDeciding>);
}

void NotKernel(const Invocation& in) {
  EachRow<Boolean, Boolean>(in, [](Boolean v, uint8_t*) -> Boolean { return 1 - v; });
}

base::Result<TypedNode> BindNot(Binding* b) {
  ARROW_RETURN_NOT_OK(b->Want(0, Kind::kBool));
  return b->Make(Kind::kBool, NotKernel);
}

void IsNullKernel(const Invocation& in) {
  Writer<Boolean> out(in);
  for (int64_t i = 0; i < in.rows; ++i) {
    const uint8_t cell = in.arguments[0].cell(i);
    out.Set(i, cell == kNullCell, cell > kValid ? cell : uint8_t{kValid});
  }
}

base::Result<TypedNode> BindIsNull(Binding* b) {
  if (b->type(0).is_null()) ARROW_RETURN_NOT_OK(b->Want(0, Kind::kBool));
  return b->Make(Kind::kBool, IsNullKernel);
}

constexpr Function kFunctions[] = {
    {"and", "x and y: bool, bool -> bool",
     "false where either is false; an error right of a false does not count", 2, 2,
     BindConnect<Boolean{0}>, true},
    {"or", "x or y: bool, bool -> bool",
     "true where either is true; an error right of a true does not count", 2, 2,
     BindConnect<Boolean{1}>, true},
    {"not", "not x: bool -> bool", "null of null", 1, 1, BindNot, true},
    {"is_null", "x is [not] null: any -> bool", "never null; an error stays one", 1, 1, BindIsNull,
     true},
};

}  // namespace

std::span<const Function> LogicFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
