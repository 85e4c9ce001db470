// EventRecords: EventRows as Arrow record batches and back, for streams of sorted events and for
// spills. Columns: `event_time`, `created` where the source has it (timestamps), `input N`, `filter
// N`, and a snapshot view's features by `value N`; nothing of what is not wanted. A column
// `cells of X` (uint8, columns::Cell) stands beside X where some cell holds an error.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "columns/column.h"
#include "features/plan.h"
#include "sweep/event_rows.h"

namespace millrace::sweep {

// Columns that become a record batch one by one.
class RecordColumns {
 public:
  base::Status Add(const std::string& name, const columns::Column& column);
  void AddArray(const std::string& name, std::shared_ptr<arrow::Array> array);
  std::shared_ptr<arrow::RecordBatch> Finish(int64_t rows) &&;

 private:
  std::vector<std::shared_ptr<arrow::Field>> fields_;
  std::vector<std::shared_ptr<arrow::Array>> arrays_;
};

// The column `name` with its errors; type kNull where there is none. Error: type_mismatch.
base::Result<columns::OwnedColumn> FindColumn(const arrow::RecordBatch& batch,
                                              const std::string& name, const columns::Type& type);
// Times of a column without nulls; empty where there is none. Errors: type_mismatch, corrupt.
base::Result<std::vector<base::EventTime>> FindTimes(const arrow::RecordBatch& batch,
                                                     const std::string& name);

// The result may share the piece's memory. Strings that have a dictionary are written as codes
// (`codes of X`, int32), which mean something to who has the dictionary; keys as `key` (int32).
base::Result<std::shared_ptr<arrow::RecordBatch>> ToRecords(const EventPiece& piece);

// The inverse, but that dictionaries are the caller's to set. Without `key`, keys are zeros.
base::Result<EventRows> FromRecords(const features::View& view, const arrow::RecordBatch& batch);

}  // namespace millrace::sweep
