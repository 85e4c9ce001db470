// Counting sort by key, then by time within each key.
#include "sweep/questions.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "sweep/key_ids.h"

namespace millrace::sweep {

Questions SortQuestions(std::span<const int32_t> key_ids, std::span<const base::EventTime> times,
                        std::span<const uint8_t> asked, int32_t keys) {
  const auto is_asked = [&](size_t row) {
    return key_ids[row] != KeyIds::kNone && (asked.empty() || asked[row] != 0);
  };
  Questions questions;
  questions.offsets.assign(static_cast<size_t>(keys) + 1, 0);
  for (size_t row = 0; row < key_ids.size(); ++row) {
    if (is_asked(row)) ++questions.offsets[key_ids[row] + 1];
  }
  std::partial_sum(questions.offsets.begin(), questions.offsets.end(), questions.offsets.begin());
  questions.rows.resize(questions.offsets.back());
  std::vector<int64_t> next(questions.offsets.begin(), questions.offsets.end() - 1);
  for (size_t row = 0; row < key_ids.size(); ++row) {
    if (is_asked(row)) questions.rows[next[key_ids[row]]++] = static_cast<int64_t>(row);
  }
  const auto before = [&](int64_t a, int64_t b) {
    return std::tie(times[a], a) < std::tie(times[b], b);
  };
  for (int32_t key = 0; key < keys; ++key) {
    const auto first = questions.rows.begin() + questions.offsets[key];
    const auto last = questions.rows.begin() + questions.offsets[key + 1];
    if (!std::is_sorted(first, last, before)) std::sort(first, last, before);
  }
  questions.times.resize(questions.rows.size());
  for (size_t i = 0; i < questions.rows.size(); ++i) questions.times[i] = times[questions.rows[i]];
  return questions;
}

std::vector<int32_t> KeyRanges(const std::vector<int64_t>& event_offsets,
                               const std::vector<int64_t>& question_offsets, int32_t ranges) {
  const int32_t keys = static_cast<int32_t>(event_offsets.size()) - 1;
  const int64_t work = event_offsets.back() + question_offsets.back();
  std::vector<int32_t> bounds = {0};
  for (int32_t range = 1; range < ranges; ++range) {
    const int64_t goal = work / ranges * range;
    int32_t key = bounds.back();
    while (key < keys && event_offsets[key] + question_offsets[key] < goal) ++key;
    bounds.push_back(key);
  }
  bounds.push_back(keys);
  return bounds;
}

}  // namespace millrace::sweep
