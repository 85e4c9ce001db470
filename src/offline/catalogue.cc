#include "offline/catalogue.h"

#include <algorithm>
#include <limits>

namespace millrace::offline {

Catalogue::Catalogue(const features::FeaturePlan& plan, int view)
    : plan_(plan), view_(view), codes_(plan.views[view], std::numeric_limits<int64_t>::max()) {}

void Catalogue::Add(const columns::EventBatch& batch, const features::ViewRows& rows,
                    int64_t part) {
  const std::vector<int32_t> numbers = keys_.Number(rows.keys, true);
  PickedRows picked = PickRows(batch, rows, numbers, Partitions{1}, &codes_);
  const std::lock_guard lock(mutex_);
  rows_.emplace_back(part, std::move(picked));
}

void Catalogue::Sort() {
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<sweep::EventPiece> pieces;
  for (auto& [part, picked] : rows_) {
    codes_.SetDictionaries(&picked.rows);
    pieces.push_back({&picked.rows, 0, picked.rows.size()});
  }
  sorted_ = sweep::SortEvents(plan_.views[view_], pieces, keys_.ids.size());
  rows_.clear();
}

}  // namespace millrace::offline
