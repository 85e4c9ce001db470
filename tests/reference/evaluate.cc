// Cells in, one column of one row each, a cell out.
#include "reference/evaluate.h"

namespace millrace::reference {

RowEvaluator::RowEvaluator(const expr::Expression& expression,
                           const std::vector<columns::Field>& scope)
    : scope_(scope), read_(expression.columns()), evaluator_(expression) {}

Cell RowEvaluator::Run(const std::vector<Cell>& row) {
  std::vector<columns::ColumnBuffer> buffers;
  std::vector<columns::Column> inputs(scope_.size());
  buffers.reserve(read_.size());
  for (const int column : read_) {
    const auto i = static_cast<size_t>(column);
    columns::ColumnBuffer& buffer = buffers.emplace_back(scope_[i].type);
    if (row[i].cell == columns::kValid) {
      buffer.AppendValue(row[i].value);
    } else {
      buffer.AppendCell(static_cast<columns::Cell>(row[i].cell));
    }
    inputs[i] = buffer.View();
  }
  const columns::Column result = evaluator_.Run(inputs, 1);
  if (result.cell(0) > columns::kValid) return Cell::Error(result.cell(0));
  return result.value(0);
}

}  // namespace millrace::reference
