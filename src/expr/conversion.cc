#include "expr/conversion.h"

#include <utility>

#include "base/check.h"
#include "base/time.h"
#include "expr/binding.h"

namespace millrace::expr {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::Type;

// Null of any type: errors stay errors.
void NullKernel(const Invocation& in) {
  in.out->Clear();
  const Argument& a = in.arguments[0];
  for (int64_t i = 0; i < in.rows; ++i) {
    const uint8_t cell = a.column->cells == nullptr ? uint8_t{columns::kNullCell} : a.cell(i);
    in.out->AppendCell(static_cast<columns::Cell>(cell == columns::kValid ? 0 : cell));
  }
}

void IntToFloat(const Invocation& in) {
  EachRow<double, int64_t>(in, [](int64_t v, uint8_t*) { return static_cast<double>(v); });
}
void UIntToFloat(const Invocation& in) {
  EachRow<double, uint64_t>(in, [](uint64_t v, uint8_t*) { return static_cast<double>(v); });
}
void UIntToInt(const Invocation& in) {
  EachRow<int64_t, uint64_t>(in, [](uint64_t v, uint8_t* cell) {
    if (v > INT64_MAX) *cell = columns::kIntegerOverflow;
    return static_cast<int64_t>(v);
  });
}
struct ElementKernel : Prepared {
  Kernel kernel = nullptr;
  std::shared_ptr<const Prepared> prepared;
  bool null_on_failure = false;
};

void ElementsKernel(const Invocation& in) {
  const auto& element = static_cast<const ElementKernel&>(*in.prepared);
  const Argument& list = in.arguments[0];
  const Column& source = *list.column;
  Workspace& work = *in.workspace;
  if (work.buffers.empty()) {
    work.buffers.emplace_back(in.out->type().element());
    work.views.resize(2);
    work.inner = std::make_unique<Workspace>();
  }
  const int64_t cells = list.mask == 0 ? 1 : in.rows;
  const int64_t first = cells == 0 ? 0 : source.offsets[0];
  const int64_t count = cells == 0 ? 0 : source.offsets[cells] - first;
  work.views[0] = source.children[0].Slice(first, count);
  const Argument elements{&work.views[0], -1};
  element.kernel({.arguments = {&elements, 1},
                  .rows = count,
                  .prepared = element.prepared.get(),
                  .workspace = work.inner.get(),
                  .out = &work.buffers[0]});
  work.views[1] = work.buffers[0].View();
  const Column& converted = work.views[1];
  in.out->Clear();
  ColumnBuffer* out = in.out->elements();
  for (int64_t i = 0; i < in.rows; ++i) {
    uint8_t cell = list.cell(i);
    const int64_t begin = source.offsets[list.at(i)] - first;
    const int64_t end = source.offsets[list.at(i) + 1] - first;
    for (int64_t j = begin; j < end && cell == columns::kValid; ++j) {
      if (converted.cell(j) <= columns::kValid) continue;
      cell = element.null_on_failure ? uint8_t{columns::kNullCell} : converted.cell(j);
    }
    if (cell != columns::kValid) {
      in.out->AppendCell(static_cast<columns::Cell>(cell));
      continue;
    }
    for (int64_t j = begin; j < end; ++j) out->AppendFrom(converted, j);
    in.out->CloseList();
  }
}

bool IsListLike(const Type& type) {
  return type.kind() == Kind::kList || type.kind() == Kind::kVector;
}

// How cells of `from` become `to`: by a kernel, or as they are (kernel == nullptr, same layout).
struct Step {
  Kernel kernel = nullptr;
  std::shared_ptr<const Prepared> prepared;
};

std::optional<Step> FindStep(const Type& from, const Type& to) {
  if (from == to) return Step{};
  if (from.is_null()) return Step{NullKernel, nullptr};
  if (from.is_integer() && to.kind() == Kind::kInt64) {
    return Step{from.kind() == Kind::kUInt64 ? UIntToInt : nullptr, nullptr};
  }
  if (from.is_integer() && to.kind() == Kind::kFloat64) {
    return Step{from.kind() == Kind::kUInt64 ? UIntToFloat : IntToFloat, nullptr};
  }
  if (from.kind() == Kind::kFloat32 && to.kind() == Kind::kFloat64) return Step{};
  if (!IsListLike(from) || to.kind() != Kind::kList) return std::nullopt;
  const std::optional<Step> element = FindStep(from.element(), to.element());
  if (!element.has_value()) return std::nullopt;
  if (element->kernel == nullptr) return Step{};
  auto prepared = std::make_shared<ElementKernel>();
  prepared->kernel = element->kernel;
  prepared->prepared = element->prepared;
  return Step{ElementsKernel, std::move(prepared)};
}

bool IsStringLiteral(const TypedNode& node) {
  return node.op == TypedNode::Op::kConstant && node.type.kind() == Kind::kString;
}

bool IsNaturalConstant(const TypedNode& node) {
  return node.op == TypedNode::Op::kConstant && node.type.kind() == Kind::kInt64 &&
         !node.value.is_null() && node.value.as_int() >= 0;
}

base::Status ReadTimeLiteral(const Node& written, const Type& to, TypedNode* node) {
  base::Result<columns::Value> value = columns::FromText(node->value.as_string(), to);
  if (!value.ok()) {
    return ErrorAt(
        written, base::codes::kTypeMismatch,
        "'" + node->value.as_string() + "' is no " + to.ToString(),
        to.kind() == Kind::kDate ? "such as '2025-01-31'" : "such as '2025-01-31T10:30:00Z'");
  }
  *node = Constant(std::move(*value), to);
  return base::Status::OK();
}

}  // namespace

base::Result<bool> Convert(const Node& written, const Type& to, TypedNode* node) {
  const bool to_time = to.kind() == Kind::kDate || to.kind() == Kind::kTimestamp;
  if (to_time && IsStringLiteral(*node) && !node->value.is_null()) {
    ARROW_RETURN_NOT_OK(ReadTimeLiteral(written, to, node));
    return true;
  }
  if (node->op == TypedNode::Op::kConstant && node->value.is_null()) {
    const bool fits = node->type.is_null() || FindStep(node->type, to).has_value();
    if (fits) node->type = to;
    return fits;
  }
  if (to.kind() == Kind::kUInt64 && IsNaturalConstant(*node)) {
    node->value = static_cast<uint64_t>(node->value.as_int());
    node->type = to;
    return true;
  }
  std::optional<Step> step = FindStep(node->type, to);
  if (!step.has_value()) return false;
  if (step->kernel == nullptr) {
    // Same layout; a column's own type is then narrower than its node's, which no kernel minds.
    node->type = to;
    return true;
  }
  std::vector<TypedNode> children;
  children.push_back(std::move(*node));
  *node = CallNode(to, step->kernel, std::move(children));
  node->prepared = std::move(step->prepared);
  return true;
}

std::optional<Type> CommonType(const Type& a, const TypedNode& b) {
  const Type& type = b.type;
  if (a == type || type.is_null()) return a;
  if (a.is_null()) return type;
  const bool a_time = a.kind() == Kind::kDate || a.kind() == Kind::kTimestamp;
  if (a_time && IsStringLiteral(b)) return a;
  if (a.kind() == Kind::kUInt64 && IsNaturalConstant(b)) return a;
  if (a.is_integer() && type.is_integer()) return Type(Kind::kInt64);
  if (a.is_numeric() && type.is_numeric()) return Type(Kind::kFloat64);
  if (!IsListLike(a) || !IsListLike(type)) return std::nullopt;
  TypedNode element;
  element.op = TypedNode::Op::kColumn;
  element.type = type.element();
  const std::optional<Type> common = CommonType(a.element(), element);
  if (!common.has_value()) return std::nullopt;
  return Type::List(*common);
}

TypedNode ConvertElements(Type to, const TypedNode& element, bool null_on_failure, TypedNode node) {
  auto prepared = std::make_shared<ElementKernel>();
  prepared->kernel = element.kernel;
  prepared->prepared = element.prepared;
  prepared->null_on_failure = null_on_failure;
  std::vector<TypedNode> children;
  children.push_back(std::move(node));
  TypedNode call = CallNode(std::move(to), ElementsKernel, std::move(children));
  call.prepared = std::move(prepared);
  return call;
}

}  // namespace millrace::expr
