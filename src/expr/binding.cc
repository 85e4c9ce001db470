#include "expr/binding.h"

#include "expr/conversion.h"

namespace millrace::expr {

using columns::Kind;
using columns::Type;

base::Status Binding::Want(int i, const Type& type) {
  ARROW_ASSIGN_OR_RAISE(const bool fits, Convert(written(i), type, &arguments_[i]));
  return fits ? base::Status::OK() : Mismatch(i, type.ToString());
}

base::Status Binding::WantInteger(int i) {
  if (!type(i).is_integer() && !type(i).is_null()) return Mismatch(i, "an integer");
  return Want(i, Kind::kInt64);
}

base::Status Binding::WantFloat(int i) {
  if (!type(i).is_numeric() && !type(i).is_null()) return Mismatch(i, "a number");
  return Want(i, Kind::kFloat64);
}

base::Status Binding::WantNumber(int i) {
  if (type(i).is_null()) return Want(i, Kind::kFloat64);
  return type(i).is_numeric() ? base::Status::OK() : Mismatch(i, "a number");
}

base::Status Binding::WantTime(int i) {
  if (type(i).kind() == Kind::kDate || type(i).kind() == Kind::kTimestamp) {
    return base::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const bool fits, Convert(written(i), Kind::kTimestamp, &arguments_[i]));
  return fits ? base::Status::OK() : Mismatch(i, "a timestamp or date");
}

base::Status Binding::WantList(int i, bool of_numbers) {
  const Type empty = Type::List(of_numbers ? Kind::kFloat64 : Kind::kBool);
  if (type(i).is_null()) return Want(i, empty);
  const bool list = type(i).kind() == Kind::kList || type(i).kind() == Kind::kVector;
  if (!list) return Mismatch(i, of_numbers ? "a list or vector of numbers" : "a list or vector");
  if (type(i).element().is_null()) return Want(i, empty);  // array[]
  if (!of_numbers || type(i).element().is_numeric()) return base::Status::OK();
  return Mismatch(i, "a list or vector of numbers");
}

base::Result<Type> Binding::WantCommon(const std::vector<int>& which) {
  Type common;
  // Constants last: a string is a timestamp, a number a uint64, because of what stands beside it.
  for (const bool constants : {false, true}) {
    for (const int i : which) {
      if ((arguments_[i].op == TypedNode::Op::kConstant) != constants) continue;
      const std::optional<Type> wider = CommonType(common, arguments_[i]);
      if (!wider.has_value()) return Mismatch(i, common.ToString() + " as the others");
      common = *wider;
    }
  }
  if (common.is_null()) common = Type(Kind::kBool);
  for (const int i : which) ARROW_RETURN_NOT_OK(Want(i, common));
  return common;
}

base::Result<Type> Binding::WantCommon(int first) {
  std::vector<int> which;
  for (int i = first; i < size(); ++i) which.push_back(i);
  return WantCommon(which);
}

base::Status Binding::WantComparable(int i, int j) {
  if (type(i).is_numeric() && type(j).is_numeric()) return base::Status::OK();
  std::optional<Type> common = CommonType(type(i), arguments_[j]);
  if (!common.has_value()) common = CommonType(type(j), arguments_[i]);
  if (!common.has_value()) {
    return Mismatch(j, type(i).ToString() + ", which it is compared with");
  }
  if (common->is_null()) common = Type(Kind::kBool);
  if (!common->is_ordered()) return Mismatch(i, "a type that has an order");
  ARROW_RETURN_NOT_OK(Want(i, *common));
  return Want(j, *common);
}

base::Result<std::string> Binding::WantLiteral(int i, std::string_view expected) const {
  if (written(i).kind == NodeKind::kLiteral && written(i).value.holds_string()) {
    return written(i).value.as_string();
  }
  return Wrong(i, "expected " + std::string(expected) + " written as a string in quotes");
}

base::Status Binding::Mismatch(int i, std::string_view expected) const {
  const bool string_literal =
      written(i).kind == NodeKind::kLiteral && type(i).kind() == Kind::kString;
  std::string hint;
  if (type(i).kind() == Kind::kString && !string_literal) hint = "cast(… as …) reads strings";
  return ErrorAt(written(i), base::codes::kTypeMismatch,
                 "found " + type(i).ToString() + ", expected " + std::string(expected), hint);
}

base::Status Binding::Wrong(int i, std::string message, std::string hint) const {
  return ErrorAt(written(i), base::codes::kWrongArguments, std::move(message), std::move(hint));
}

TypedNode Binding::Make(Type type, Kernel kernel, std::shared_ptr<const Prepared> prepared) {
  TypedNode call = CallNode(std::move(type), kernel, std::move(arguments_));
  call.prepared = std::move(prepared);
  return call;
}

base::Status ErrorAt(const Node& node, base::Code code, std::string message, std::string hint) {
  return base::Error({.code = code,
                      .message = std::move(message),
                      .place = {.file = {}, .line = 1, .column = node.offset + 1},
                      .hint = std::move(hint)});
}

TypedNode Constant(columns::Value value, Type type) {
  TypedNode node;
  node.value = std::move(value);
  node.type = std::move(type);
  return node;
}

TypedNode CallNode(Type type, Kernel kernel, std::vector<TypedNode> children) {
  TypedNode node;
  node.op = TypedNode::Op::kCall;
  node.type = std::move(type);
  node.kernel = kernel;
  node.children = std::move(children);
  return node;
}

}  // namespace millrace::expr
