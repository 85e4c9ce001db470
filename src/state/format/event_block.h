// EventBlock: some stored rows of one key as columns. EventColumns: the same as a view, whoever
// owns the cells. What rows and chunks are encoded from and decoded into.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/time.h"
#include "columns/column.h"

namespace millrace::state {

// What a table keeps of each row.
struct RowLayout {
  bool has_created = false;
  std::vector<columns::Type> columns;
};

struct EventColumns {
  int64_t size = 0;
  const base::EventTime* times = nullptr;
  const base::EventTime* created = nullptr;  // nullptr: the source has no knowledge time
  std::vector<columns::Column> cells;        // by RowLayout::columns
};

class EventBlock {
 public:
  explicit EventBlock(const RowLayout& layout);
  // Of the columns, those that are decoded into it: by RowLayout::columns. Others stay empty.
  EventBlock(const RowLayout& layout, std::vector<bool> read);

  int64_t size() const { return static_cast<int64_t>(times.size()); }
  bool has_created() const { return has_created_; }
  bool reads(size_t column) const { return read_[column]; }
  // Which are from now on. REQUIRES: it is empty.
  void set_read(std::vector<bool> read) { read_ = std::move(read); }
  void Clear();  // keeps the memory
  void AppendFrom(const EventColumns& from, int64_t row);
  // Valid until the next change.
  EventColumns View() const;
  void View(EventColumns* view) const;  // into one that was made before
  // Row numbers by event time, created, then as they lie.
  std::vector<int64_t> TimeOrder() const;

  std::vector<base::EventTime> times;
  std::vector<base::EventTime> created;  // empty when has_created is false
  std::vector<columns::ColumnBuffer> cells;

 private:
  bool has_created_;
  std::vector<bool> read_;
};

}  // namespace millrace::state
