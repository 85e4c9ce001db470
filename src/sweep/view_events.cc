// Rows are counted into their keys, each key is sorted by time, then every column is gathered once,
// so that the sweep reads memory in order.
#include "sweep/view_events.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <tuple>
#include <utility>

#include "sweep/gather.h"

namespace millrace::sweep {

using base::EventTime;
using columns::Column;

namespace {

constexpr int64_t kKeyTasks = 64;

struct Instant {
  EventTime time;
  EventTime created;
  int64_t row;
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

// Calls work(first key, last key) over ranges of about equally many rows.
void ForKeyRanges(const std::vector<int64_t>& offsets, const RunTasks& run,
                  const std::function<void(int64_t, int64_t)>& work) {
  const int64_t keys = static_cast<int64_t>(offsets.size()) - 1;
  const int64_t rows = offsets.back();
  const auto boundary = [&](int64_t task) {
    const auto at = std::lower_bound(offsets.begin(), offsets.end(), rows * task / kKeyTasks);
    return task == kKeyTasks ? keys : std::min<int64_t>(at - offsets.begin(), keys);
  };
  run(kKeyTasks, [&](int64_t task) {
    const int64_t first = task == 0 ? 0 : boundary(task);
    work(first, boundary(task + 1));
  });
}

// The rows [first, last) of sorted events in the order in which they become visible.
void OrderByVisibility(const SortedEvents& events, int64_t first, int64_t last, int64_t* order) {
  std::iota(order, order + (last - first), first);
  const auto before = [&](int64_t a, int64_t b) {
    const EventTime entry_a = window::SnapshotEntry(events.times[a], events.created[a]);
    const EventTime entry_b = window::SnapshotEntry(events.times[b], events.created[b]);
    return std::tie(entry_a, a) < std::tie(entry_b, b);
  };
  if (!std::is_sorted(order, order + (last - first), before)) {
    std::sort(order, order + (last - first), before);
  }
}

}  // namespace

ViewEvents::ViewEvents(const features::View& view)
    : inputs_count_(view.inputs.size()), values_count_(view.features.size()) {
  filters_.resize(view.filters.size());
}

void ViewEvents::AppendColumns(const std::vector<Column>& batch, std::span<const int64_t> rows,
                               std::vector<ColumnOf>* columns) {
  for (size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].type.is_null()) continue;
    const auto found = std::find_if(columns->begin(), columns->end(), [&](const ColumnOf& c) {
      return c.index == static_cast<int>(i);
    });
    if (found != columns->end()) {
      AppendRows(batch[i], rows, &found->cells);
      continue;
    }
    columns->push_back({static_cast<int>(i), columns::ColumnBuffer(batch[i].type)});
    AppendRows(batch[i], rows, &columns->back().cells);
  }
}

void ViewEvents::Append(const columns::EventBatch& batch, const features::ViewRows& rows,
                        KeyIds* keys, bool insert) {
  scratch_.clear();
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    const int32_t id = insert ? keys->Insert(rows.keys[i]) : keys->Find(rows.keys[i]);
    if (id == KeyIds::kNone) continue;
    const int64_t row = rows.rows[i];
    scratch_.push_back(row);
    key_ids_.push_back(id);
    times_.push_back(batch.event_times[row]);
    if (!batch.created.empty()) created_.push_back(batch.created[row]);
  }
  AppendColumns(rows.inputs, scratch_, &inputs_);
  AppendColumns(rows.values, scratch_, &values_);
  for (size_t i = 0; i < filters_.size(); ++i) {
    const Column& filter = rows.filters[i];
    if (filter.type.is_null()) {
      filters_[i].resize(times_.size());
      continue;
    }
    for (const int64_t row : scratch_)
      filters_[i].push_back(filter.valid(row) && filter.bools[row]);
  }
}

std::vector<int64_t> ViewEvents::SortedOrder(const std::vector<int64_t>& offsets,
                                             const RunTasks& run) const {
  std::vector<int64_t> order(times_.size());
  std::vector<int64_t> next(offsets.begin(), offsets.end() - 1);
  for (int64_t row = 0; row < size(); ++row) order[next[key_ids_[row]]++] = row;
  ForKeyRanges(offsets, run, [&](int64_t first_key, int64_t last_key) {
    std::vector<Instant> instants;
    for (int64_t key = first_key; key < last_key; ++key) {
      instants.clear();
      for (int64_t at = offsets[key]; at < offsets[key + 1]; ++at) {
        const int64_t row = order[at];
        const EventTime created = created_.empty() ? EventTime() : created_[row];
        instants.push_back({times_[row], created, row});
      }
      if (std::is_sorted(instants.begin(), instants.end())) continue;
      std::sort(instants.begin(), instants.end());
      int64_t at = offsets[key];
      for (const Instant& instant : instants) order[at++] = instant.row;
    }
  });
  return order;
}

SortedEvents ViewEvents::Sort(int32_t keys, const RunTasks& run) && {
  SortedEvents sorted;
  sorted.offsets.assign(static_cast<size_t>(keys) + 1, 0);
  for (const int32_t id : key_ids_) ++sorted.offsets[id + 1];
  std::partial_sum(sorted.offsets.begin(), sorted.offsets.end(), sorted.offsets.begin());
  const std::vector<int64_t> order = SortedOrder(sorted.offsets, run);

  const auto gather_times = [&](const std::vector<EventTime>& from, std::vector<EventTime>* to) {
    to->resize(from.size());
    for (size_t i = 0; i < from.size(); ++i) (*to)[i] = from[order[i]];
  };
  gather_times(times_, &sorted.times);
  gather_times(created_, &sorted.created);
  sorted.filters.resize(filters_.size());
  for (size_t f = 0; f < filters_.size(); ++f) {
    sorted.filters[f].resize(order.size());
    for (size_t i = 0; i < order.size(); ++i) sorted.filters[f][i] = filters_[f][order[i]];
  }

  // Gathered strings point into the buffers they came from, so those stay.
  const size_t columns = inputs_.size() + values_.size();
  std::vector<columns::ColumnBuffer> gathered;
  for (ColumnOf& column : inputs_) gathered.emplace_back(column.cells.type());
  for (ColumnOf& column : values_) gathered.emplace_back(column.cells.type());
  const auto from = [&](size_t i) -> ColumnOf& {
    return i < inputs_.size() ? inputs_[i] : values_[i - inputs_.size()];
  };
  run(static_cast<int64_t>(columns), [&](int64_t i) {
    gathered[i] = GatherShared(from(i).cells.View(), order);
    if (from(i).cells.type().physical() != columns::Physical::kString) {
      from(i).cells = columns::ColumnBuffer(from(i).cells.type());
    }
  });
  sorted.owned = std::move(gathered);
  sorted.inputs.resize(inputs_count_);
  sorted.values.resize(values_count_);
  for (size_t i = 0; i < columns; ++i) {
    (i < inputs_.size() ? sorted.inputs : sorted.values)[from(i).index] = sorted.owned[i].View();
  }
  for (ColumnOf& column : inputs_) sorted.owned.push_back(std::move(column.cells));
  for (ColumnOf& column : values_) sorted.owned.push_back(std::move(column.cells));

  if (sorted.has_created()) {
    sorted.visible_order.resize(order.size());
    ForKeyRanges(sorted.offsets, run, [&](int64_t first_key, int64_t last_key) {
      for (int64_t key = first_key; key < last_key; ++key) {
        OrderByVisibility(sorted, sorted.offsets[key], sorted.offsets[key + 1],
                          sorted.visible_order.data() + sorted.offsets[key]);
      }
    });
  }
  return sorted;
}

}  // namespace millrace::sweep
