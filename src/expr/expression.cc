// The binder: names to columns, calls to kernels, types known throughout.
#include "expr/expression.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "expr/binding.h"
#include "expr/functions/function.h"
#include "expr/parse.h"
#include "expr/typed_node.h"

namespace millrace::expr {

struct Expression::Bound {
  TypedNode root;
  std::vector<int> columns;
  std::string text;
};

namespace {

base::Result<TypedNode> BindNode(const Node& node, const Scope& scope);

base::Result<TypedNode> BindName(const Node& node, const Scope& scope) {
  const base::Result<const Scope::Name*> found = scope.Find(node.text);
  if (!found.ok()) {
    return base::AtPlace(found.status(), {.file = {}, .line = 1, .column = node.offset + 1});
  }
  TypedNode typed;
  typed.op = TypedNode::Op::kColumn;
  typed.column = (*found)->column;
  typed.type = (*found)->type;
  return typed;
}

base::Status WrongCount(const Node& node, const Function& function) {
  std::string expected = std::to_string(function.arguments_min);
  if (function.arguments_max == kAnyNumber) {
    expected = "at least " + expected;
  } else if (function.arguments_max > function.arguments_min) {
    expected += " to " + std::to_string(function.arguments_max);
  }
  return ErrorAt(node, base::codes::kWrongArguments,
                 node.text + " has " + std::to_string(node.children.size()) +
                     " arguments, expected " + expected,
                 std::string(function.signature));
}

base::Result<TypedNode> BindCall(const Node& node, Binding* binding) {
  const Function* function = FindFunction(node.text);
  if (function == nullptr) {
    return ErrorAt(node, base::codes::kUnknownName, "unknown function '" + node.text + "'",
                   base::NearestHint(node.text, FunctionNames()));
  }
  if (node.filter != nullptr) {
    return ErrorAt(*node.filter, base::codes::kWrongArguments,
                   "filter (where …) is for aggregates; " + node.text + " is none");
  }
  if (binding->size() < function->arguments_min ||
      (function->arguments_max != kAnyNumber && binding->size() > function->arguments_max)) {
    return WrongCount(node, *function);
  }
  return function->bind(binding);
}

base::Result<TypedNode> BindNode(const Node& node, const Scope& scope) {
  if (node.kind == NodeKind::kLiteral) return Constant(node.value, node.type);
  if (node.kind == NodeKind::kName) return BindName(node, scope);
  if (node.kind == NodeKind::kCall && FindFunction(node.text) == nullptr) {
    // Before its arguments: of two errors the outer one tells more.
    Binding none(node, {});
    return BindCall(node, &none);
  }
  std::vector<TypedNode> arguments;
  arguments.reserve(node.children.size());
  for (const Node& child : node.children) {
    ARROW_ASSIGN_OR_RAISE(TypedNode argument, BindNode(child, scope));
    arguments.push_back(std::move(argument));
  }
  if (node.kind == NodeKind::kCast) {
    return Cast(node.children[0], std::move(arguments[0]), node.type, node.text == "try_cast");
  }
  Binding binding(node, std::move(arguments));
  if (node.kind == NodeKind::kCase) return BindCase(&binding);
  if (node.kind == NodeKind::kArray) return BindArray(&binding);
  return BindCall(node, &binding);
}

void CollectColumns(const TypedNode& node, std::vector<int>* columns) {
  if (node.op == TypedNode::Op::kColumn) columns->push_back(node.column);
  for (const TypedNode& child : node.children) CollectColumns(child, columns);
}

}  // namespace

base::Result<Expression> Expression::Make(std::string_view text, const Scope& scope) {
  ARROW_ASSIGN_OR_RAISE(const Node node, Parse(text));
  return Bind(node, scope);
}

base::Result<Expression> Expression::Bind(const Node& node, const Scope& scope) {
  auto bound = std::make_shared<Bound>();
  ARROW_ASSIGN_OR_RAISE(bound->root, BindNode(node, scope));
  CollectColumns(bound->root, &bound->columns);
  std::sort(bound->columns.begin(), bound->columns.end());
  bound->columns.erase(std::unique(bound->columns.begin(), bound->columns.end()),
                       bound->columns.end());
  bound->text = ToText(node);
  Expression expression;
  expression.bound_ = std::move(bound);
  return expression;
}

const columns::Type& Expression::type() const {
  MILLRACE_CHECK(bound_ != nullptr);
  return bound_->root.type;
}

const std::vector<int>& Expression::columns() const {
  MILLRACE_CHECK(bound_ != nullptr);
  return bound_->columns;
}

int Expression::bare_column() const {
  const TypedNode& root = this->root();
  return root.op == TypedNode::Op::kColumn ? root.column : -1;
}

const std::string& Expression::text() const {
  MILLRACE_CHECK(bound_ != nullptr);
  return bound_->text;
}

const TypedNode& Expression::root() const {
  MILLRACE_CHECK(bound_ != nullptr);
  return bound_->root;
}

std::vector<std::string> FunctionNames() {
  std::vector<std::string> names;
  for (const Function& function : Functions()) {
    if (!function.is_operator) names.emplace_back(function.name);
  }
  return names;
}

}  // namespace millrace::expr
