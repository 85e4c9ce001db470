// AnswerRows: answers to rows that were asked some at a time, put together. Called by get.
#pragma once

#include <cstdint>
#include <vector>

#include "online/answer.h"

namespace millrace::jobs {

class AnswerRows {
 public:
  // `none`: the answer to no rows, which says what columns there are.
  explicit AnswerRows(const online::Answer& none);

  // The answer to the rows that follow.
  void Append(const online::Answer& answer);
  int64_t rows() const { return answer_.rows; }
  // All since the last call, with every error cell since the first: its rows count from there.
  online::Answer Take();

 private:
  struct Cells {
    columns::ColumnBuffer values;
    std::vector<online::CellStatus> statuses;
    std::vector<base::EventTime> event_times;
    std::vector<online::RowStatus> rows;
  };

  online::Answer answer_;     // but for the cells
  std::vector<Cells> cells_;  // by column
  int64_t taken_ = 0;
};

}  // namespace millrace::jobs
