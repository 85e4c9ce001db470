#include "online/view_cells.h"

namespace millrace::online {

ViewCells::ViewCells(const features::View& of, const std::vector<bool>& needed) : view(of) {
  for (int i = 0; i < view.stored_count(); ++i) {
    if (needed[i]) features.push_back(i);
  }
}

void ViewCells::Begin(int64_t rows) {
  cells.clear();
  cells.reserve(features.size());
  for (const int feature : features) cells.emplace_back(view.features[feature].type).Reserve(rows);
  newest.assign(features.size(), {});
  for (auto& times : newest) times.reserve(static_cast<size_t>(rows));
  statuses.clear();
  row_times.clear();
}

void ViewCells::AppendNulls(RowStatus status) {
  for (columns::ColumnBuffer& column : cells) column.AppendNull();
  for (auto& times : newest) times.push_back(kNoTime);
  statuses.push_back(status);
  row_times.push_back(kNoTime);
}

columns::OwnedColumn ViewCells::RowTimes() const {
  columns::ColumnBuffer times(columns::Kind::kTimestamp);
  for (size_t row = 0; row < statuses.size(); ++row) {
    if (statuses[row] == RowStatus::kFound) {
      times.AppendInt(row_times[row].micros());
    } else {
      times.AppendNull();
    }
  }
  return columns::Own(std::move(times));
}

}  // namespace millrace::online
