#include "expr/evaluator.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "expr/typed_node.h"

namespace millrace::expr {

using columns::Column;
using columns::ColumnBuffer;
using columns::Physical;

namespace {

// A node made ready to run: its result's memory and its view.
struct Step {
  const TypedNode* node = nullptr;
  bool constant = false;  // computed once, one cell
  std::vector<Argument> arguments;
  std::optional<ColumnBuffer> out;
  Workspace workspace;
  Column view;
};

int64_t CountNodes(const TypedNode& node) {
  int64_t count = 1;
  for (const TypedNode& child : node.children) count += CountNodes(child);
  return count;
}

void SetView(Step* step, int64_t rows) {
  ColumnBuffer& out = *step->out;
  MILLRACE_CHECK(out.size() == rows);
  Column& view = step->view;
  view.size = rows;
  view.cells = out.cells();
  switch (step->node->type.physical()) {
    case Physical::kNone:
      break;
    case Physical::kBool:
      view.bools = out.bools();
      break;
    case Physical::kInt:
      view.ints = out.ints();
      break;
    case Physical::kUInt:
      view.uints = out.uints();
      break;
    case Physical::kFloat:
      view.floats = out.floats();
      break;
    case Physical::kString:
      view.strings = out.strings();
      break;
    case Physical::kList:
    case Physical::kMap:
      view = out.View();
      break;
  }
}

void RunStep(Step* step, int64_t rows) {
  step->node->kernel({.arguments = step->arguments,
                      .rows = rows,
                      .prepared = step->node->prepared.get(),
                      .workspace = &step->workspace,
                      .out = &*step->out});
  SetView(step, rows);
}

}  // namespace

struct Evaluator::Program {
  explicit Program(Expression e) : expression(std::move(e)) {
    steps.reserve(static_cast<size_t>(CountNodes(expression.root())));  // steps point to steps
    root = Add(expression.root());
  }

  Step* Add(const TypedNode& node) {
    if (node.op == TypedNode::Op::kColumn) {
      for (Step* column : columns) {
        if (column->node->column == node.column) return column;
      }
    }
    std::vector<Step*> children;
    children.reserve(node.children.size());
    for (const TypedNode& child : node.children) children.push_back(Add(child));
    Step& step = steps.emplace_back();
    step.node = &node;
    step.view.type = node.type;
    if (node.op == TypedNode::Op::kColumn) {
      columns.push_back(&step);
      return &step;
    }
    step.out.emplace(node.type);
    step.constant = true;
    for (const Step* child : children) {
      step.arguments.push_back({&child->view, child->constant ? 0 : -1});
      step.constant = step.constant && child->constant;
    }
    if (node.op == TypedNode::Op::kConstant) {
      step.out->AppendValue(node.value);
      SetView(&step, 1);
    } else if (step.constant) {
      RunStep(&step, 1);
    } else {
      calls.push_back(&step);
    }
    return &step;
  }

  // A constant as a column of many cells.
  Column Repeat(int64_t rows) {
    if (!repeated.has_value()) repeated.emplace(root->node->type);
    while (repeated->size() < rows) repeated->AppendFrom(root->view, 0);
    return repeated->View().Slice(0, rows);
  }

  Expression expression;
  std::vector<Step> steps;
  std::vector<Step*> columns;
  std::vector<Step*> calls;  // in the order to run them
  Step* root = nullptr;
  std::optional<ColumnBuffer> repeated;
};

Evaluator::Evaluator(Expression expression)
    : program_(std::make_unique<Program>(std::move(expression))) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

Column Evaluator::Run(std::span<const Column> inputs, int64_t rows) {
  for (Step* step : program_->columns) {
    const auto column = static_cast<size_t>(step->node->column);
    MILLRACE_CHECK(column < inputs.size() && inputs[column].size == rows);
    MILLRACE_CHECK(inputs[column].type.physical() == step->node->type.physical());
    step->view = inputs[column];
  }
  for (Step* step : program_->calls) RunStep(step, rows);
  if (program_->root->constant) return program_->Repeat(rows);
  return program_->root->view;
}

}  // namespace millrace::expr
