// RowBuffer: rows that wait for a place in a file, column by column. Called by the feature log,
// which knows what the columns are (feature_rows.h) and where they go (log_tables.h).
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "columns/column.h"

namespace millrace::serve {

class RowBuffer {
 public:
  void AddColumn(std::string name, columns::Type type);
  // Cells are CellStatuses as integers; in a file, their names.
  void AddStatusColumn(std::string name);

  // The next row's cells go to the end of each.
  columns::ColumnBuffer* column(size_t index) { return &columns_[index].cells; }
  size_t columns() const { return columns_.size(); }
  // To be told of rows, whose cells take about `bytes`.
  void Grow(int64_t rows, int64_t bytes);
  int64_t rows() const { return rows_; }
  int64_t bytes() const { return bytes_; }

  std::shared_ptr<arrow::Schema> schema() const;
  // The rows, which are then no longer here. REQUIRES: every column has as many cells as there are
  // rows.
  base::Result<std::shared_ptr<arrow::RecordBatch>> Take();

 private:
  struct Named {
    std::string name;
    bool status = false;
    columns::ColumnBuffer cells;
  };

  std::vector<Named> columns_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
};

// About what the column's cells take in memory.
int64_t BytesOf(const columns::Column& column);

}  // namespace millrace::serve
