// RowEvaluator: one expression over one row of cells. The expression language has its own cases, so
// the reference engine runs src/expr's evaluator, a row at a time.
#pragma once

#include <vector>

#include "columns/type.h"
#include "expr/evaluator.h"
#include "reference/aggregate.h"

namespace millrace::reference {

class RowEvaluator {
 public:
  // `scope`: the expression's columns.
  RowEvaluator(const expr::Expression& expression, const std::vector<columns::Field>& scope);
  Cell Run(const std::vector<Cell>& row);

 private:
  std::vector<columns::Field> scope_;
  std::vector<int> read_;
  expr::Evaluator evaluator_;
};

}  // namespace millrace::reference
