#include "jobs/reads/answer_rows.h"

#include <utility>

#include "base/check.h"

namespace millrace::jobs {

AnswerRows::AnswerRows(const online::Answer& none) : answer_(none) {
  MILLRACE_CHECK(none.rows == 0);
  for (const online::AnswerColumn& column : none.columns) {
    cells_.push_back({columns::ColumnBuffer(column.values.type), {}, {}, {}});
  }
}

void AnswerRows::Append(const online::Answer& answer) {
  for (size_t i = 0; i < cells_.size(); ++i) {
    const online::AnswerColumn& from = answer.columns[i];
    Cells& to = cells_[i];
    for (int64_t row = 0; row < answer.rows; ++row) to.values.AppendFrom(from.values, row);
    to.statuses.insert(to.statuses.end(), from.statuses.begin(), from.statuses.end());
    to.event_times.insert(to.event_times.end(), from.event_times.begin(), from.event_times.end());
    to.rows.insert(to.rows.end(), from.rows.begin(), from.rows.end());
  }
  for (features::ErrorCell cells : answer.errors) {
    for (int64_t& row : cells.rows) row += taken_ + answer_.rows;
    answer_.errors.push_back(std::move(cells));
  }
  answer_.rows += answer.rows;
  answer_.rows_null_key += answer.rows_null_key;
  answer_.rows_null_time += answer.rows_null_time;
  answer_.commit = answer.commit;
  answer_.commit_time = answer.commit_time;
}

online::Answer AnswerRows::Take() {
  online::Answer taken = answer_;
  for (size_t i = 0; i < cells_.size(); ++i) {
    Cells cells =
        std::exchange(cells_[i], {columns::ColumnBuffer(cells_[i].values.type()), {}, {}, {}});
    online::AnswerColumn& column = taken.columns[i];
    column.values = taken.Keep(columns::Own(std::move(cells.values)));
    column.statuses = taken.Keep(std::move(cells.statuses));
    column.event_times = taken.Keep(std::move(cells.event_times));
    column.rows = taken.Keep(std::move(cells.rows));
  }
  taken_ += std::exchange(answer_.rows, 0);
  return taken;
}

}  // namespace millrace::jobs
