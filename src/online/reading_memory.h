// ReadingMemory: what one reading works in, and what the columns of its answer look at afterwards.
// MemoryPool: a reader's, so that most readings find memory that is there already.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "columns/column.h"
#include "online/view_cells.h"

namespace millrace::online {

// What every answer of a reader calls a column.
struct AnswerName {
  std::string name;
  std::string feature;  // "view:feature"
  bool stored = false;
};

struct ReadingMemory {
  // By View::features, or OnDemandView::features.
  struct OfView {
    std::vector<columns::OwnedColumn> columns;  // settled; those in `cells` without an owner
    std::vector<std::span<const base::EventTime>> newest;  // empty: none
    std::span<const RowStatus> statuses;                   // by row
    std::vector<RowStatus> own_statuses;                   // where no cells have them
  };

  // Frees what is not worth keeping.
  void Clear();
  // Times that are valid until Clear, each kNoTime.
  std::span<base::EventTime> NewTimes(int64_t rows);

  std::vector<columns::Column> keys;     // of all uses, one after another
  std::vector<columns::Column> request;  // by Selection::request_fields
  std::vector<uint32_t> tables;          // by use: that heads were asked of
  std::vector<uint32_t> heads;           // by use and row: numbers in HeadList
  columns::ColumnBuffer as_of{columns::Kind::kTimestamp};
  std::vector<ViewCells> cells;   // by Selection::uses
  std::vector<OfView> uses;       // by Selection::uses
  std::vector<OfView> on_demand;  // by Selection::on_demand
  std::vector<std::vector<base::EventTime>> times;
  size_t times_used = 0;
  std::vector<CellStatus> statuses;
  std::shared_ptr<const std::vector<AnswerName>> names;
};

// Take is called by one thread at a time; what it gave may end on any, after the pool too.
class MemoryPool {
 public:
  std::shared_ptr<ReadingMemory> Take();

 private:
  struct Free {
    std::mutex mutex;
    std::vector<std::unique_ptr<ReadingMemory>> memories;
  };
  std::shared_ptr<Free> free_ = std::make_shared<Free>();
};

}  // namespace millrace::online
