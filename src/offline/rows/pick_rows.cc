#include "offline/rows/pick_rows.h"

#include <numeric>
#include <utility>

#include "sweep/gather.h"
#include "sweep/key_ids.h"

namespace millrace::offline {

using columns::Column;
using columns::Physical;
using sweep::EventColumn;

namespace {

// Some of a batch's rows, in the order of their partitions.
struct Order {
  std::vector<int64_t> rows;  // of the batch
  std::vector<int32_t> keys;
  std::vector<int64_t> offsets;
};

Order OrderByPartition(const features::ViewRows& rows, std::span<const int32_t> keys,
                       const Partitions& partitions) {
  Order order;
  order.offsets.assign(static_cast<size_t>(partitions.count) + 1, 0);
  for (const int32_t of : rows.key_of) {
    if (keys[of] != sweep::KeyIds::kNone) ++order.offsets[partitions.Of(keys[of]) + 1];
  }
  std::partial_sum(order.offsets.begin(), order.offsets.end(), order.offsets.begin());
  order.rows.resize(order.offsets.back());
  order.keys.resize(order.offsets.back());
  std::vector<int64_t> next(order.offsets.begin(), order.offsets.end() - 1);
  for (size_t i = 0; i < rows.key_of.size(); ++i) {
    const int32_t key = keys[rows.key_of[i]];
    if (key == sweep::KeyIds::kNone) continue;
    const int64_t at = next[partitions.Of(key)]++;
    order.rows[at] = rows.rows[i];
    order.keys[at] = partitions.Local(key);
  }
  return order;
}

struct CodedColumn {
  std::vector<int32_t> codes;
  std::vector<uint8_t> cells;
};

EventColumn PickCoded(const Column& column, std::vector<int32_t> codes,
                      std::span<const int64_t> rows) {
  auto picked = std::make_shared<CodedColumn>();
  picked->codes = std::move(codes);
  Column view;
  view.type = column.type;
  view.size = static_cast<int64_t>(rows.size());
  view.codes = picked->codes.data();
  if (column.cells != nullptr) {
    picked->cells.reserve(rows.size());
    for (const int64_t row : rows) picked->cells.push_back(column.cells[row]);
    view.cells = picked->cells.data();
  }
  return {view, std::move(picked), {}};
}

EventColumn PickColumn(const Column& column, std::span<const int64_t> rows, StringCodes* codes) {
  if (column.type.is_null()) return {};
  if (codes != nullptr) {
    std::vector<int32_t> of_rows;
    if (codes->Encode(column, rows, &of_rows)) {
      return PickCoded(column, std::move(of_rows), rows);
    }
  }
  columns::ColumnBuffer picked(column.type);
  sweep::AppendRows(column, rows, &picked);
  columns::OwnedColumn owned = Own(std::move(picked));
  if (column.cells == nullptr) owned.view.cells = nullptr;
  return {owned.view, std::move(owned.owner), {}};
}

}  // namespace

ViewCodes::ViewCodes(const features::View& view, int64_t bytes_max) {
  const auto make = [&](const columns::Type& type) {
    return type.physical() == Physical::kString ? std::make_unique<StringCodes>(bytes_max)
                                                : nullptr;
  };
  for (const expr::Expression& input : view.inputs) inputs.push_back(make(input.type()));
  for (const features::Feature& feature : view.features) values.push_back(make(feature.type));
}

void ViewCodes::SetDictionaries(sweep::EventRows* rows) const {
  const auto set = [](const auto& codes, std::vector<EventColumn>* columns) {
    for (size_t i = 0; i < columns->size(); ++i) {
      EventColumn& column = (*columns)[i];
      if (column.cells.codes != nullptr && column.cells.strings == nullptr) {
        column.dictionary = codes[i]->strings();
      }
    }
  };
  set(inputs, &rows->inputs);
  set(values, &rows->values);
}

PickedRows PickRows(const columns::EventBatch& batch, const features::ViewRows& rows,
                    std::span<const int32_t> keys, const Partitions& partitions, ViewCodes* codes) {
  Order order = OrderByPartition(rows, keys, partitions);
  PickedRows picked;
  picked.rows.keys = std::move(order.keys);
  const auto pick_times = [&](const std::vector<base::EventTime>& from,
                              std::vector<base::EventTime>* to) {
    if (from.empty()) return;
    to->reserve(order.rows.size());
    for (const int64_t row : order.rows) to->push_back(from[row]);
  };
  pick_times(batch.event_times, &picked.rows.times);
  pick_times(batch.created, &picked.rows.created);
  for (size_t i = 0; i < rows.inputs.size(); ++i) {
    picked.rows.inputs.push_back(PickColumn(rows.inputs[i], order.rows, codes->inputs[i].get()));
  }
  for (size_t i = 0; i < rows.values.size(); ++i) {
    picked.rows.values.push_back(PickColumn(rows.values[i], order.rows, codes->values[i].get()));
  }
  picked.rows.filters.resize(rows.filters.size());
  for (size_t i = 0; i < rows.filters.size(); ++i) {
    const Column& filter = rows.filters[i];
    if (filter.type.is_null()) continue;
    for (const int64_t row : order.rows) {
      picked.rows.filters[i].push_back(filter.valid(row) && filter.bools[row] != 0 ? 1 : 0);
    }
  }
  picked.offsets = std::move(order.offsets);
  return picked;
}

}  // namespace millrace::offline
