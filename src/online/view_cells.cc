#include "online/view_cells.h"

#include <algorithm>
#include <utility>

namespace millrace::online {

ViewCells::ViewCells(const features::View& view, std::vector<int> of,
                     std::vector<int> times_of_each)
    : features(std::move(of)), times_of(std::move(times_of_each)) {
  int count = 1;
  for (const int i : times_of) count = std::max(count, i + 1);
  times.resize(static_cast<size_t>(count));
  cells.reserve(features.size());
  for (const int feature : features) cells.emplace_back(view.features[feature].type);
}

void ViewCells::Begin(int64_t rows) {
  for (columns::ColumnBuffer& column : cells) {
    column.Clear();
    column.Reserve(rows);
  }
  for (auto& of : times) {
    of.clear();
    of.reserve(static_cast<size_t>(rows));
  }
  statuses.clear();
}

void ViewCells::AppendNulls(RowStatus status, base::EventTime time) {
  for (columns::ColumnBuffer& column : cells) column.AppendNull();
  for (auto& of : times) of.push_back(time);
  statuses.push_back(status);
}

columns::OwnedColumn ViewCells::RowTimes() const {
  columns::ColumnBuffer found(columns::Kind::kTimestamp);
  for (size_t row = 0; row < statuses.size(); ++row) {
    if (statuses[row] == RowStatus::kFound) {
      found.AppendInt(times[0][row].micros());
    } else {
      found.AppendNull();
    }
  }
  return columns::Own(std::move(found));
}

}  // namespace millrace::online
