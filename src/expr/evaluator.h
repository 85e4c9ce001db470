// Evaluator: runs one Expression over batches of rows, reusing its memory: no allocation per row
// or, once warm, per batch. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "columns/column.h"
#include "expr/expression.h"

namespace millrace::expr {

class Evaluator {
 public:
  explicit Evaluator(Expression expression);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  // inputs[i] is scope column i, with `rows` cells; columns that the expression does not read may
  // be empty. The result has `rows` cells, which may be error cells (columns/column.h: Cell); it is
  // valid until the next Run and while the inputs live. An input cell that is an error reads as an
  // error.
  columns::Column Run(std::span<const columns::Column> inputs, int64_t rows);

 private:
  struct Program;
  std::unique_ptr<Program> program_;
};

}  // namespace millrace::expr
