// Texts of definitions bound to scopes: expressions, aggregates, defaults.
#include <algorithm>
#include <utility>

#include "expr/evaluator.h"
#include "expr/parse.h"
#include "features/compiler/draft.h"
#include "features/yaml/quoting.h"

namespace millrace::features {

namespace codes = base::codes;
using yaml::Node;
using yaml::NodeKind;

namespace {

void AddAt(base::Code code, const Text& text, int offset, std::string message, std::string hint,
           ProblemList* problems) {
  problems->Add(code, text.node->PlaceOfCharacter(static_cast<size_t>(offset)), std::move(message),
                std::move(hint));
}

std::vector<std::string> AggregateNames() {
  std::vector<std::string> names;
  for (const aggregate::Function& function : aggregate::Functions())
    names.emplace_back(function.name);
  return names;
}

// Why a text that parses is no aggregate.
void ReportNoAggregate(const Text& text, const expr::Node& root, ProblemList* problems) {
  const auto scalars = expr::FunctionNames();
  const bool call = root.kind == expr::NodeKind::kCall;
  const bool scalar = std::find(scalars.begin(), scalars.end(), root.text) != scalars.end();
  const bool word =
      call && !root.text.empty() && std::all_of(root.text.begin(), root.text.end(), [](char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      });
  if (word && !scalar) {
    AddAt(codes::kUnknownName, text, root.offset, "there is no aggregate '" + root.text + "'",
          base::NearestHint(root.text, AggregateNames()), problems);
    return;
  }
  AddAt(codes::kBadValue, text, root.kind == expr::NodeKind::kCall && !word ? 0 : root.offset,
        "found '" + text.value +
            "'; expected one aggregate over the rows of a window, such as "
            "sum(amount)",
        "arithmetic between aggregates stands under 'derived'", problems);
}

std::optional<Value> BindParameter(const Text& text, const expr::Node& node, bool duration,
                                   ProblemList* problems) {
  const auto bound = expr::Expression::Bind(node, expr::Scope());
  if (!bound.ok()) {
    AddAt(codes::kWrongArguments, text, node.offset,
          std::string("found an expression over columns; expected a constant, such as ") +
              (duration ? "7d" : "0.9"),
          "", problems);
    return std::nullopt;
  }
  const bool is_duration = bound->type().kind() == columns::Kind::kDuration;
  expr::Evaluator evaluator(*bound);
  Value value = evaluator.Run({}, 1).value(0);
  if (is_duration == duration && !value.is_null()) return value;
  AddAt(codes::kWrongArguments, text, node.offset,
        "found a constant of type " + bound->type().ToString() + "; expected " +
            (duration ? "a duration such as 7d" : "a number"),
        "", problems);
  return std::nullopt;
}

// Binds the arguments of a call; false when something is wrong.
bool BindArguments(const Text& text, const expr::Node& root, const aggregate::Function& function,
                   const DraftScope& scope, AggregateText* out, ProblemList* problems) {
  const int count = static_cast<int>(root.children.size());
  if (count < function.inputs_min + function.parameters ||
      count > function.inputs_max + function.parameters) {
    AddAt(codes::kWrongArguments, text, root.offset,
          "'" + root.text + "' has " + std::to_string(count) +
              (count == 1 ? " argument" : " arguments") + "; expected " +
              std::string(function.signature),
          "", problems);
    return false;
  }
  const int inputs = count - function.parameters;
  bool good = true;
  for (int i = 0; i < count; ++i) {
    const expr::Node& child = root.children[static_cast<size_t>(i)];
    if (i >= inputs) {
      auto value = BindParameter(text, child, function.duration_parameter, problems);
      if (value) out->call.parameters.push_back(std::move(*value));
      good = good && value.has_value();
      continue;
    }
    if (scope.blind || MentionsBroken(child, scope)) {
      good = false;
      continue;
    }
    auto bound = expr::Expression::Bind(child, scope.scope);
    if (!bound.ok()) {
      problems->AddExpression(bound.status(), *text.node);
      good = false;
      continue;
    }
    out->input = *bound;
    out->call.input = bound->type();
  }
  return good;
}

bool BindFilter(const Text& text, const expr::Node& filter, const DraftScope& scope,
                AggregateText* out, ProblemList* problems) {
  if (scope.blind || MentionsBroken(filter, scope)) return false;
  auto bound = expr::Expression::Bind(filter, scope.scope);
  if (!bound.ok()) {
    problems->AddExpression(bound.status(), *text.node);
    return false;
  }
  if (bound->type().kind() != columns::Kind::kBool) {
    AddAt(codes::kTypeMismatch, text, filter.offset,
          "the filter is " + bound->type().ToString() + "; expected a condition (bool)", "",
          problems);
    return false;
  }
  out->filter = *bound;
  return true;
}

base::Result<Value> DefaultValue(const Node& node, const Type& type);

base::Result<Value> DefaultList(const Node& node, const Type& type) {
  columns::ListValue list;
  for (const Node& item : node.values) {
    ARROW_ASSIGN_OR_RAISE(Value element, DefaultValue(item, type.element()));
    list.push_back(std::move(element));
  }
  if (type.kind() == columns::Kind::kVector &&
      list.size() != static_cast<size_t>(type.vector_size())) {
    return base::Error(codes::kTypeMismatch, "");
  }
  return Value(std::move(list));
}

base::Result<Value> DefaultMap(const Node& node, const Type& type) {
  columns::MapValue map;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(Value key, DefaultValue(node.keys[i], type.key()));
    ARROW_ASSIGN_OR_RAISE(Value value, DefaultValue(node.values[i], type.element()));
    map.emplace_back(std::move(key), std::move(value));
  }
  std::sort(map.begin(), map.end(),
            [](const auto& a, const auto& b) { return columns::Compare(a.first, b.first) < 0; });
  for (size_t i = 1; i < map.size(); ++i) {
    if (columns::Compare(map[i - 1].first, map[i].first) == 0) {
      return base::Error(codes::kTypeMismatch, "");
    }
  }
  return Value(std::move(map));
}

base::Result<Value> DefaultValue(const Node& node, const Type& type) {
  const columns::Kind kind = type.kind();
  if (node.kind == NodeKind::kNull &&
      (kind == columns::Kind::kList || kind == columns::Kind::kMap)) {
    return Value();
  }
  if (node.is_list() && (kind == columns::Kind::kList || kind == columns::Kind::kVector)) {
    return DefaultList(node, type);
  }
  if (node.is_map() && kind == columns::Kind::kMap) return DefaultMap(node, type);
  const bool text = kind == columns::Kind::kString || kind == columns::Kind::kBytes;
  const bool nested =
      kind == columns::Kind::kList || kind == columns::Kind::kVector || kind == columns::Kind::kMap;
  if (!node.is_scalar() || nested) return base::Error(codes::kTypeMismatch, "");
  if (text && !yaml::OtherReading(node).empty()) {
    return base::Error(
        {.code = codes::kNeedsQuotes, .message = "", .hint = "write \"" + node.text + "\""});
  }
  const bool quotes_fit = text || kind == columns::Kind::kDate || kind == columns::Kind::kTimestamp;
  if (node.style != yaml::Style::kPlain && !quotes_fit)
    return base::Error(codes::kTypeMismatch, "");
  auto value = columns::FromText(node.text, type);
  if (!value.ok()) return base::Error(codes::kTypeMismatch, "");
  return value;
}

}  // namespace

bool MentionsBroken(const expr::Node& node, const DraftScope& scope) {
  const auto names = NamesIn(node);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    if (scope.broken.contains(name)) return true;
    // A whole prefix may be broken: "item.".
    const size_t dot = name.find('.');
    return dot != std::string::npos && scope.broken.contains(name.substr(0, dot + 1));
  });
}

std::optional<expr::Expression> BindText(const Text& text, const DraftScope& scope,
                                         ProblemList* problems) {
  if (text.node == nullptr) return std::nullopt;
  const auto parsed = expr::Parse(text.value);
  if (!parsed.ok()) {
    problems->AddExpression(parsed.status(), *text.node);
    return std::nullopt;
  }
  if (scope.blind || MentionsBroken(*parsed, scope)) return std::nullopt;
  auto bound = expr::Expression::Bind(*parsed, scope.scope);
  if (bound.ok()) return *bound;
  const base::Code code = base::ProblemsOf(bound.status())[0].code;
  if (scope.whole || !(code == codes::kUnknownName)) {
    problems->AddExpression(bound.status(), *text.node);
  }
  return std::nullopt;
}

std::optional<AggregateText> BindAggregate(const Text& text, const DraftScope& scope,
                                           ProblemList* problems) {
  if (text.node == nullptr) return std::nullopt;
  const auto parsed = expr::Parse(text.value);
  if (!parsed.ok()) {
    problems->AddExpression(parsed.status(), *text.node);
    return std::nullopt;
  }
  const expr::Node& root = *parsed;
  const aggregate::Function* function =
      root.kind == expr::NodeKind::kCall ? aggregate::FindFunction(root.text) : nullptr;
  if (function == nullptr) {
    ReportNoAggregate(text, root, problems);
    return std::nullopt;
  }
  AggregateText out;
  out.call.function = root.text;
  bool good = BindArguments(text, root, *function, scope, &out, problems);
  if (root.filter && !BindFilter(text, *root.filter, scope, &out, problems)) good = false;
  if (!good) return std::nullopt;
  auto made = aggregate::Make(out.call);
  if (!made.ok()) {
    // The function's own complaint is about its input's type or a parameter's range.
    for (base::Problem problem : base::ProblemsOf(made.status())) {
      const bool about_input = problem.code == codes::kTypeMismatch || out.call.parameters.empty();
      const size_t argument = about_input ? 0 : root.children.size() - out.call.parameters.size();
      const int offset = root.children.empty() ? root.offset : root.children[argument].offset;
      AddAt(problem.code, text, offset, problem.message, problem.hint, problems);
    }
    return std::nullopt;
  }
  out.aggregate = *made;
  if (!CheckFeatureType(out.aggregate->result_type(), text, problems)) return std::nullopt;
  return out;
}

bool CheckFeatureType(const Type& type, const Text& value, ProblemList* problems) {
  const columns::Kind kind = type.kind();
  if (kind == columns::Kind::kDuration) {
    problems->Add(codes::kTypeMismatch, *value.node,
                  "'" + value.value + "' is a duration, which no feature can be",
                  "date_diff gives a number");
    return false;
  }
  const bool empty_element =
      (kind == columns::Kind::kList || kind == columns::Kind::kMap) && type.element().is_null();
  if (kind == columns::Kind::kNull || empty_element) {
    problems->Add(codes::kTypeMismatch, *value.node,
                  "'" + value.value + "' has no type, as it is always null or empty",
                  "cast(null as float64) has one");
    return false;
  }
  if (kind == columns::Kind::kList && type.element().kind() == columns::Kind::kDuration) {
    problems->Add(codes::kTypeMismatch, *value.node,
                  "'" + value.value + "' is a list of durations, which no feature can be");
    return false;
  }
  return true;
}

Value ReadDefault(const Node* node, const Type& type, ProblemList* problems) {
  if (node == nullptr) return Value();
  auto value = DefaultValue(*node, type);
  if (value.ok()) return *value;
  const base::Problem problem = base::ProblemsOf(value.status())[0];
  const std::string reading = problem.code == codes::kNeedsQuotes
                                  ? ", which YAML reads as " + yaml::OtherReading(*node)
                                  : "";
  problems->Add(problem.code, *node,
                "'default' is " + node->Found() + reading +
                    "; expected a value of the feature's type, " + type.ToString(),
                problem.hint);
  return Value();
}

}  // namespace millrace::features
