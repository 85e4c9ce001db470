// ViewEvents: the kept rows of one view in memory: appended batch by batch, then sorted once by key
// and time. What windows and snapshots are read from. Key ids are dense (key_ids.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/view_rows.h"
#include "sweep/key_ids.h"
#include "sweep/tasks.h"

namespace millrace::sweep {

// Immutable once sorted: rows of key k are [offsets[k], offsets[k + 1]), in order of event time,
// then created, then arrival. Read from many threads.
struct SortedEvents {
  std::vector<int64_t> offsets;  // number of keys + 1
  std::vector<base::EventTime> times;
  std::vector<base::EventTime> created;  // empty: the source has no knowledge time
  // With `created`: the rows of each key in the order in which they become visible (event time and
  // knowledge time both reached); else empty: they are visible in the order of event time.
  std::vector<int64_t> visible_order;
  std::vector<columns::Column> inputs;        // by View::inputs; type kNull where not wanted
  std::vector<std::vector<uint8_t>> filters;  // by View::filters: 1 where true
  std::vector<columns::Column> values;        // by View::features: rows of snapshot views
  std::vector<columns::ColumnBuffer> owned;   // the memory of inputs and values

  int64_t size() const { return static_cast<int64_t>(times.size()); }
  bool has_created() const { return !created.empty(); }
  int32_t keys() const { return static_cast<int32_t>(offsets.size()) - 1; }
};

class ViewEvents {
 public:
  explicit ViewEvents(const features::View& view);

  // Appends the kept rows whose key is in `keys`; with `insert`, every kept row.
  void Append(const columns::EventBatch& batch, const features::ViewRows& rows, KeyIds* keys,
              bool insert);
  int64_t size() const { return static_cast<int64_t>(times_.size()); }

  // Sorts what was appended; ids are < `keys`. Takes the memory: use once.
  SortedEvents Sort(int32_t keys, const RunTasks& run) &&;

 private:
  struct ColumnOf {
    int index;
    columns::ColumnBuffer cells;
  };
  void AppendColumns(const std::vector<columns::Column>& batch, std::span<const int64_t> rows,
                     std::vector<ColumnOf>* columns);
  std::vector<int64_t> SortedOrder(const std::vector<int64_t>& offsets, const RunTasks& run) const;

  size_t inputs_count_;
  size_t values_count_;
  std::vector<int32_t> key_ids_;
  std::vector<base::EventTime> times_;
  std::vector<base::EventTime> created_;
  std::vector<ColumnOf> inputs_;
  std::vector<ColumnOf> values_;
  std::vector<std::vector<uint8_t>> filters_;
  std::vector<int64_t> scratch_;
};

}  // namespace millrace::sweep
