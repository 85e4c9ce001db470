#include "state/format/event_block.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace millrace::state {

EventBlock::EventBlock(const RowLayout& layout)
    : EventBlock(layout, std::vector<bool>(layout.columns.size(), true)) {}

EventBlock::EventBlock(const RowLayout& layout, std::vector<bool> read)
    : has_created_(layout.has_created), read_(std::move(read)) {
  cells.reserve(layout.columns.size());
  for (const columns::Type& type : layout.columns) cells.emplace_back(type);
}

void EventBlock::Clear() {
  times.clear();
  created.clear();
  for (columns::ColumnBuffer& column : cells) column.Clear();
}

void EventBlock::AppendFrom(const EventColumns& from, int64_t row) {
  times.push_back(from.times[row]);
  if (has_created_) created.push_back(from.created[row]);
  for (size_t i = 0; i < cells.size(); ++i) {
    const columns::Column& column = from.cells[i];
    if (column.valid(row)) {
      cells[i].AppendFrom(column, row);
    } else {
      cells[i].AppendCell(static_cast<columns::Cell>(column.cell(row)));
    }
  }
}

EventColumns EventBlock::View() const {
  EventColumns view;
  View(&view);
  return view;
}

void EventBlock::View(EventColumns* view) const {
  view->size = size();
  view->times = times.data();
  view->created = has_created_ ? created.data() : nullptr;
  view->cells.resize(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) view->cells[i] = cells[i].View();
}

std::vector<int64_t> EventBlock::TimeOrder() const {
  std::vector<int64_t> order(times.size());
  std::iota(order.begin(), order.end(), 0);
  const auto before = [&](int64_t a, int64_t b) {
    if (times[a] != times[b]) return times[a] < times[b];
    return has_created_ && created[a] < created[b];
  };
  if (!std::is_sorted(order.begin(), order.end(), before)) {
    std::stable_sort(order.begin(), order.end(), before);
  }
  return order;
}

}  // namespace millrace::state
