#include "engines/online_answer.h"

#include <set>
#include <string>

namespace millrace::engines {

using base::EventTime;

namespace {

std::string NullReason(const online::AnswerColumn& column, int64_t row, bool on_demand,
                       bool error) {
  const online::RowStatus status = on_demand ? online::RowStatus::kFound : column.rows[row];
  if (status == online::RowStatus::kNullKey) return "null_key";
  if (status == online::RowStatus::kNullTime) return "null_time";
  if (error) return "error";
  if (!column.stored || status == online::RowStatus::kFound) return "null_value";
  return status == online::RowStatus::kNotFound ? "not_found" : "outside_max_age";
}

}  // namespace

std::vector<int> ViewsReadBy(const features::FeaturePlan& plan,
                             const features::Selection& selection) {
  std::set<int> views;
  std::vector<int> left;
  for (const features::ViewUse& use : selection.uses) left.push_back(use.view);
  while (!left.empty()) {
    const int view = left.back();
    left.pop_back();
    if (!views.insert(view).second) continue;
    for (const features::Lookup& lookup : plan.views[view].lookups) left.push_back(lookup.view);
  }
  return {views.begin(), views.end()};
}

std::map<EventTime, std::vector<size_t>> ByTime(const Question& question) {
  std::map<EventTime, std::vector<size_t>> by_time;
  for (size_t row = 0; row < question.times.size(); ++row) {
    if (question.times[row].is_null()) continue;
    by_time[EventTime::Micros(question.times[row].as_int())].push_back(row);
  }
  if (by_time.empty()) by_time[*base::ParseTime("2025-01-01T00:00:00Z")];
  std::vector<size_t>& first = by_time.begin()->second;
  for (size_t row = 0; row < question.times.size(); ++row) {
    if (question.times[row].is_null()) first.push_back(row);
  }
  return by_time;
}

void TakeOnlineAnswer(const online::Answer& got, const features::Selection& selection,
                      const std::vector<size_t>& rows, Answer* answer) {
  answer->columns.clear();
  for (size_t c = 0; c < got.columns.size(); ++c) {
    const online::AnswerColumn& column = got.columns[c];
    answer->columns.push_back({std::string(column.name), column.values.type});
    std::set<int64_t> errors;
    for (const features::ErrorCell& error : got.errors) {
      if (error.feature == column.feature) errors.insert(error.rows.begin(), error.rows.end());
    }
    for (int64_t i = 0; i < got.rows; ++i) {
      answer->rows[rows[i]].push_back(column.values.value(i));
      if (column.values.valid(i)) continue;
      ++answer->nulls[{std::string(column.name),
                       NullReason(column, i, selection.columns[c].on_demand, errors.contains(i))}];
    }
  }
  for (const features::ErrorCell& error : got.errors) {
    answer->errors[{error.feature, error.code}] += static_cast<int64_t>(error.rows.size());
  }
  if (got.rows_null_key > 0) answer->counted[{"rows", "null_key"}] += got.rows_null_key;
  if (got.rows_null_time > 0) answer->counted[{"rows", "null_time"}] += got.rows_null_time;
}

}  // namespace millrace::engines
