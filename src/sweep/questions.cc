// Counting sort by key, then by time within each key.
#include "sweep/questions.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "sweep/key_ids.h"

namespace millrace::sweep {

Questions SortQuestions(std::span<const int32_t> keys, std::span<const base::EventTime> times,
                        int32_t key_count) {
  Questions questions;
  questions.offsets.assign(static_cast<size_t>(key_count) + 1, 0);
  for (const int32_t key : keys) {
    if (key != KeyIds::kNone) ++questions.offsets[key + 1];
  }
  std::partial_sum(questions.offsets.begin(), questions.offsets.end(), questions.offsets.begin());
  questions.rows.resize(questions.offsets.back());
  std::vector<int64_t> next(questions.offsets.begin(), questions.offsets.end() - 1);
  for (size_t row = 0; row < keys.size(); ++row) {
    if (keys[row] != KeyIds::kNone) questions.rows[next[keys[row]]++] = static_cast<int64_t>(row);
  }
  questions.times.resize(questions.rows.size());
  std::vector<std::pair<base::EventTime, int64_t>> asked;  // of one key
  for (int32_t key = 0; key < key_count; ++key) {
    const int64_t first = questions.offsets[key];
    asked.clear();
    for (int64_t q = first; q < questions.offsets[key + 1]; ++q) {
      asked.emplace_back(times[questions.rows[q]], questions.rows[q]);
    }
    if (!std::is_sorted(asked.begin(), asked.end())) std::sort(asked.begin(), asked.end());
    for (size_t i = 0; i < asked.size(); ++i) {
      questions.times[first + i] = asked[i].first;
      questions.rows[first + i] = asked[i].second;
    }
  }
  return questions;
}

}  // namespace millrace::sweep
