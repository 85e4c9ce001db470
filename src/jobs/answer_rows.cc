#include "jobs/answer_rows.h"

#include <utility>

#include "base/check.h"

namespace millrace::jobs {

AnswerRows::AnswerRows(const online::Answer& none) : answer_(none) {
  MILLRACE_CHECK(none.rows == 0);
  for (const online::AnswerColumn& column : none.columns) {
    values_.emplace_back(column.values.view.type);
  }
}

void AnswerRows::Append(const online::Answer& answer) {
  for (size_t i = 0; i < values_.size(); ++i) {
    const online::AnswerColumn& from = answer.columns[i];
    online::AnswerColumn& to = answer_.columns[i];
    for (int64_t row = 0; row < answer.rows; ++row) values_[i].AppendFrom(from.values.view, row);
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
  for (size_t i = 0; i < values_.size(); ++i) {
    const columns::Type type = values_[i].type();
    taken.columns[i].values = columns::Own(std::exchange(values_[i], columns::ColumnBuffer(type)));
    answer_.columns[i].statuses.clear();
    answer_.columns[i].event_times.clear();
    answer_.columns[i].rows.clear();
  }
  taken_ += std::exchange(answer_.rows, 0);
  return taken;
}

}  // namespace millrace::jobs
