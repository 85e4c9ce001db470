// hash64: XXH3-64 of the canonical bytes (docs/semantics.md).
#include "base/hash.h"

#include <bit>

#include "expr/functions/function.h"

namespace millrace::expr {
namespace {

using columns::Kind;

void HashKernel(const Invocation& in) {
  const Argument& a = in.arguments[0];
  std::string& bytes = in.workspace->text;
  EachValidRow<int64_t>(in, [&](int64_t i, uint8_t*) {
    bytes.clear();
    columns::AppendCanonicalBytes(*a.column, a.at(i), &bytes);
    return std::bit_cast<int64_t>(base::Hash64(bytes));
  });
}

base::Result<TypedNode> BindHash(Binding* b) {
  if (b->type(0).is_null()) ARROW_RETURN_NOT_OK(b->Want(0, Kind::kBool));
  if (!b->type(0).is_ordered()) return b->Mismatch(0, "a type that has an order");
  return b->Make(Kind::kInt64, HashKernel);
}

constexpr Function kFunctions[] = {
    {"hash64", "hash64(x: any but a map) -> int64",
     "the 64 bits of XXH3 (seed 0) of the canonical bytes as int64; equal numbers of any integer "
     "type "
     "hash alike",
     1, 1, BindHash},
};

}  // namespace

std::span<const Function> HashFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
