// dot, l2_norm, cosine_similarity: float64 sums in written order, from the first component to the
// last, each product and each addition rounded by itself.
#include <cmath>

#include "expr/functions/function.h"

namespace millrace::expr {
namespace {

using columns::Column;
using columns::Kind;
using columns::kNullCell;
using columns::kValid;
using columns::Type;

// Sets *cell where the lists have different lengths (an error) or a null element (null).
double Dot(const ListReader& a, const ListReader& b, int64_t row, uint8_t* cell) {
  const Column& left = a.elements();
  const Column& right = b.elements();
  const int64_t size = a.size(row);
  if (size != b.size(row)) {
    *cell = columns::kVectorLength;
    return 0;
  }
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    const int64_t at = a.first(row) + i;
    const int64_t other = b.first(row) + i;
    if (!left.valid(at) || !right.valid(other)) {
      *cell = kNullCell;
      return 0;
    }
    sum += left.floats[at] * right.floats[other];
  }
  return sum;
}

void DotKernel(const Invocation& in) {
  const ListReader a(in.arguments[0]);
  const ListReader b(in.arguments[1]);
  EachValidRow<double>(in, [&](int64_t i, uint8_t* cell) { return Dot(a, b, i, cell); });
}

void NormKernel(const Invocation& in) {
  const ListReader a(in.arguments[0]);
  EachValidRow<double>(in, [&](int64_t i, uint8_t* cell) { return std::sqrt(Dot(a, a, i, cell)); });
}

void CosineKernel(const Invocation& in) {
  const ListReader a(in.arguments[0]);
  const ListReader b(in.arguments[1]);
  EachValidRow<double>(in, [&](int64_t i, uint8_t* cell) {
    const double dot = Dot(a, b, i, cell);
    if (*cell != kValid) return 0.0;
    const double norms = std::sqrt(Dot(a, a, i, cell)) * std::sqrt(Dot(b, b, i, cell));
    if (norms == 0) *cell = kNullCell;
    return norms == 0 ? 0.0 : dot / norms;
  });
}

template <Kernel kKernel>
base::Result<TypedNode> BindVectors(Binding* b) {
  if (b->size() == 2 && b->type(0).kind() == Kind::kVector && b->type(1).kind() == Kind::kVector &&
      b->type(0) != b->type(1)) {
    return b->Mismatch(1, b->type(0).ToString());
  }
  for (int i = 0; i < b->size(); ++i) {
    ARROW_RETURN_NOT_OK(b->WantList(i, true));
    ARROW_RETURN_NOT_OK(b->Want(i, Type::List(Kind::kFloat64)));
  }
  return b->Make(Kind::kFloat64, kKernel);
}

constexpr std::string_view kNotes =
    "null where an element is null; the error vector_length where the lengths differ";

constexpr Function kFunctions[] = {
    {"dot", "dot(a: vector | list<number>, b: vector | list<number>) -> float64", kNotes, 2, 2,
     BindVectors<DotKernel>},
    {"l2_norm", "l2_norm(a: vector | list<number>) -> float64",
     "sqrt(dot(a, a)); null where an element is null", 1, 1, BindVectors<NormKernel>},
    {"cosine_similarity",
     "cosine_similarity(a: vector | list<number>, b: vector | list<number>) -> float64",
     "dot(a, b) / (l2_norm(a) * l2_norm(b)); null where that divides by 0 or an element is null; "
     "vector_length",
     2, 2, BindVectors<CosineKernel>},
};

}  // namespace

std::span<const Function> VectorFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
