// PushedLines: JSON lines as rows of a source, decoded as its files are, and judged before they are
// kept: a push log has no row that its source would reject. Called by push and by pushed_source.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "columns/column.h"
#include "expr/evaluator.h"
#include "features/plan.h"
#include "sources/json/json_line.h"

namespace millrace::jobs {

class PushedLines {
 public:
  // `noun`: what messages call a line: "line 3: …". Errors: missing_column (the source has no event
  // time), type_mismatch.
  static base::Result<PushedLines> Of(const features::Source& source,
                                      std::string_view noun = "line");

  // Takes a line; a blank one is no row. `number`: of the line, for messages.
  void Add(std::string_view line, int64_t number);
  int64_t rows() const { return static_cast<int64_t>(numbers_.size()); }

  // The rows that were added since the last call, in the source's columns. Error: bad_value, the
  // first few of the rows that the source would reject, each with its line, what was found and what
  // is expected; then there are none.
  base::Result<std::shared_ptr<arrow::RecordBatch>> Take();

 private:
  PushedLines(const features::Source& source, std::string_view noun, sources::JsonLine decoder);

  std::string CellProblem(size_t column, int64_t row) const;
  std::string EventTimeProblem(const std::vector<uint8_t>& cells, int64_t row) const;
  void Judge(const std::vector<columns::Column>& columns);
  void Refuse(int64_t row, const std::string& why);

  features::Source source_;
  std::string noun_;
  sources::JsonLine decoder_;
  std::vector<columns::ColumnBuffer> buffers_;  // by Source::columns
  std::vector<int64_t> numbers_;                // by row: its line
  std::vector<sources::BadText> bad_texts_;
  std::vector<base::Problem> problems_;
};

}  // namespace millrace::jobs
