// Lists and maps: array[…], element_at, array_length, array_contains, map_get, bucketize.
#include "expr/functions/function.h"
#include "expr/functions/order.h"

namespace millrace::expr {
namespace {

using columns::Column;
using columns::Kind;
using columns::kNullCell;
using columns::kValid;
using columns::Physical;
using columns::Type;

void ArrayKernel(const Invocation& in) {
  in.out->Clear();
  columns::ColumnBuffer* elements = in.out->elements();
  for (int64_t i = 0; i < in.rows; ++i) {
    uint8_t error = kValid;
    for (const Argument& a : in.arguments) {
      if (error == kValid && a.cell(i) > kValid) error = a.cell(i);
    }
    if (error != kValid) {
      in.out->AppendCell(static_cast<columns::Cell>(error));
      continue;
    }
    for (const Argument& a : in.arguments) elements->AppendFrom(*a.column, a.at(i));
    in.out->CloseList();
  }
}

// Copies one element per row: f(row, &cell) -> its index in `elements`, read where cell is valid.
template <class T, class F>
void PickFlat(const Invocation& in, const Column& elements, F f) {
  EachValidRow<T>(in, [&](int64_t i, uint8_t* cell) {
    const int64_t at = f(i, cell);
    if (*cell == kValid) *cell = elements.cell(at);
    return *cell == kValid ? ValuesOf<T>(elements)[at] : T{};
  });
}

template <class F>
void Pick(const Invocation& in, const Column& elements, F f) {
  switch (in.out->type().physical()) {
    case Physical::kBool:
      return PickFlat<Boolean>(in, elements, f);
    case Physical::kInt:
      return PickFlat<int64_t>(in, elements, f);
    case Physical::kUInt:
      return PickFlat<uint64_t>(in, elements, f);
    case Physical::kFloat:
      return PickFlat<double>(in, elements, f);
    case Physical::kString:
      return PickFlat<std::string_view>(in, elements, f);
    default:
      break;
  }
  in.out->Clear();
  for (int64_t i = 0; i < in.rows; ++i) {
    uint8_t cell = kValid;
    for (const Argument& a : in.arguments) cell = Combine(cell, a.cell(i));
    const int64_t at = cell == kValid ? f(i, &cell) : 0;
    if (cell == kValid) {
      in.out->AppendFrom(elements, at);
    } else {
      in.out->AppendCell(static_cast<columns::Cell>(cell));
    }
  }
}

void ElementAtKernel(const Invocation& in) {
  const ListReader list(in.arguments[0]);
  const Reader<int64_t> position(in.arguments[1]);
  Pick(in, list.elements(), [&](int64_t i, uint8_t* cell) -> int64_t {
    if (position[i] >= 1 && position[i] <= list.size(i)) return list.first(i) + position[i] - 1;
    *cell = kNullCell;
    return 0;
  });
}

base::Result<TypedNode> BindElementAt(Binding* b) {
  ARROW_RETURN_NOT_OK(b->WantList(0, false));
  ARROW_RETURN_NOT_OK(b->WantInteger(1));
  const Type element = b->type(0).element();
  return b->Make(element, ElementAtKernel);
}

void LengthKernel(const Invocation& in) {
  const ListReader list(in.arguments[0]);
  EachValidRow<int64_t>(in, [&](int64_t i, uint8_t*) { return list.size(i); });
}

base::Result<TypedNode> BindLength(Binding* b) {
  ARROW_RETURN_NOT_OK(b->WantList(0, false));
  return b->Make(Kind::kInt64, LengthKernel);
}

// x = e1 or x = e2 or …: null when it is in none, but one is null.
void ContainsKernel(const Invocation& in) {
  const ListReader list(in.arguments[0]);
  const Argument& x = in.arguments[1];
  const Column& elements = list.elements();
  const CellOrder order = CellOrderOf(elements.type, x.column->type);
  EachValidRow<Boolean>(in, [&](int64_t i, uint8_t* cell) -> Boolean {
    for (int64_t j = list.first(i); j < list.last(i); ++j) {
      if (!elements.valid(j)) {
        *cell = kNullCell;
      } else if (order(elements, j, *x.column, x.at(i)) == 0) {
        *cell = kValid;
        return 1;
      }
    }
    return 0;
  });
}

base::Result<TypedNode> BindContains(Binding* b) {
  const bool empty =
      b->type(0).is_null() || (b->type(0).kind() == Kind::kList && b->type(0).element().is_null());
  if (empty) {
    ARROW_RETURN_NOT_OK(b->type(1).is_null() ? b->Want(1, Kind::kBool) : base::Status::OK());
    const Type element = b->type(1);
    ARROW_RETURN_NOT_OK(b->Want(0, Type::List(element)));
  }
  ARROW_RETURN_NOT_OK(b->WantList(0, false));
  const Type element = b->type(0).element();
  if (!element.is_ordered()) return b->Mismatch(0, "a list of what has an order");
  if (!element.is_numeric() || !b->type(1).is_numeric()) ARROW_RETURN_NOT_OK(b->Want(1, element));
  return b->Make(Kind::kBool, ContainsKernel);
}

void MapGetKernel(const Invocation& in) {
  const ListReader map(in.arguments[0]);
  const Argument& key = in.arguments[1];
  const Column& keys = in.arguments[0].column->children[0];
  const CellOrder order = CellOrderOf(keys.type, key.column->type);
  Pick(in, in.arguments[0].column->children[1], [&](int64_t i, uint8_t* cell) -> int64_t {
    int64_t low = map.first(i), high = map.last(i);  // keys ascend
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      const int compared = order(keys, middle, *key.column, key.at(i));
      if (compared == 0) return middle;
      if (compared < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    *cell = kNullCell;
    return 0;
  });
}

base::Result<TypedNode> BindMapGet(Binding* b) {
  if (b->type(0).kind() != Kind::kMap) return b->Mismatch(0, "a map");
  const Type key = b->type(0).key();
  if (!key.is_numeric() || !b->type(1).is_numeric()) ARROW_RETURN_NOT_OK(b->Want(1, key));
  const Type value = b->type(0).element();
  return b->Make(value, MapGetKernel);
}

void BucketizeKernel(const Invocation& in) {
  const Argument& x = in.arguments[0];
  const ListReader list(in.arguments[1]);
  const Column& edges = list.elements();
  const CellOrder order = CellOrderOf(edges.type, x.column->type);
  EachValidRow<int64_t>(in, [&](int64_t i, uint8_t*) {
    int64_t count = 0;
    for (int64_t j = list.first(i); j < list.last(i); ++j) {
      if (edges.valid(j) && order(edges, j, *x.column, x.at(i)) <= 0) ++count;
    }
    return count;
  });
}

base::Result<TypedNode> BindBucketize(Binding* b) {
  ARROW_RETURN_NOT_OK(b->WantNumber(0));
  ARROW_RETURN_NOT_OK(b->WantList(1, true));
  return b->Make(Kind::kInt64, BucketizeKernel);
}

constexpr Function kFunctions[] = {
    {"element_at", "element_at(list: list<T> | vector, position: int64) -> T",
     "from 1; null outside", 2, 2, BindElementAt},
    {"array_length", "array_length(list: list<T> | vector) -> int64", "nulls count", 1, 1,
     BindLength},
    {"array_contains", "array_contains(list: list<T> | vector, x: T) -> bool",
     "x in its elements: null where it is in none and one of them is null", 2, 2, BindContains},
    {"map_get", "map_get(map: map<K, V>, key: K) -> V", "null where the key is not there", 2, 2,
     BindMapGet},
    {"bucketize", "bucketize(x: number, edges: list<number>) -> int64",
     "how many of the edges are <= x, compared exactly; null edges do not count", 2, 2,
     BindBucketize},
};

}  // namespace

base::Result<TypedNode> BindArray(Binding* b) {
  bool all_null = true;
  for (int i = 0; i < b->size(); ++i) all_null = all_null && b->type(i).is_null();
  if (all_null) return b->Make(Type::List(Kind::kNull), ArrayKernel);
  ARROW_ASSIGN_OR_RAISE(const Type element, b->WantCommon(0));
  if (element.kind() == Kind::kDuration) return b->Mismatch(0, "what a list may hold");
  return b->Make(Type::List(element), ArrayKernel);
}

std::span<const Function> ListFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
