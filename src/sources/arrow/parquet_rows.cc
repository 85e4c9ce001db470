// Parquet files as rows of declared types, row group by row group, the wanted columns alone.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "sources/arrow/arrow_cells.h"
#include "sources/arrow/parquet_file.h"
#include "sources/file_rows.h"

namespace millrace::sources {
namespace {

// The array that the names lead to; null where a struct around it is null.
arrow::Result<std::shared_ptr<arrow::Array>> Follow(const arrow::RecordBatch& batch,
                                                    const std::vector<std::string>& names) {
  std::shared_ptr<arrow::Array> array = batch.GetColumnByName(names.front());
  for (size_t i = 1; array != nullptr && i < names.size(); ++i) {
    const auto& outer = static_cast<const arrow::StructArray&>(*array);
    const int field = outer.struct_type()->GetFieldIndex(names[i]);
    if (field < 0) return arrow::Status::Invalid("no field ", names[i]);
    ARROW_ASSIGN_OR_RAISE(array, outer.GetFlattenedField(field));
  }
  if (array == nullptr) return arrow::Status::Invalid("no column ", names.front());
  return array;
}

class ParquetRows final : public FileRows {
 public:
  ParquetRows(WantedRows wanted, std::string shown, ParquetFile file)
      : wanted_(std::move(wanted)), shown_(std::move(shown)), file_(std::move(file)) {}

  base::Status FindColumns() {
    for (const WantedColumn& column : wanted_.columns) {
      ARROW_ASSIGN_OR_RAISE(ParquetColumn found, file_.Find(column.path));
      const base::Status readable = CheckReadable(*found.type, column.type, wanted_.unit);
      if (!readable.ok()) {
        base::Problem problem = base::ProblemsOf(readable).front();
        problem.message = fmt::format("column '{}' of {} {}", column.path, shown_, problem.message);
        return base::Error(std::move(problem));
      }
      leaves_.insert(leaves_.end(), found.leaves.begin(), found.leaves.end());
      columns_.push_back(std::move(found));
    }
    std::sort(leaves_.begin(), leaves_.end());
    leaves_.erase(std::unique(leaves_.begin(), leaves_.end()), leaves_.end());
    return base::Status::OK();
  }

  base::Result<std::optional<RowBatch>> Next(columns::RejectedRows*) override {
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::RecordBatch> batch, NextBatch());
    if (batch == nullptr) {
      if (rows_read_ == file_.rows()) return std::optional<RowBatch>();
      return base::Error(base::codes::kCorrupt,
                         fmt::format("{} is damaged: it says {} rows and has {}", shown_,
                                     file_.rows(), rows_read_));
    }
    RowBatch rows;
    rows.size = batch->num_rows();
    rows.rows.resize(static_cast<size_t>(rows.size));
    std::iota(rows.rows.begin(), rows.rows.end(), rows_read_ + 1);
    for (size_t i = 0; i < columns_.size(); ++i) {
      std::shared_ptr<arrow::Array> array;
      ARROW_RETURN_NOT_OK(
          ParquetFence(shown_, [&] { return Follow(*batch, columns_[i].names).Value(&array); }));
      ARROW_ASSIGN_OR_RAISE(columns::OwnedColumn column,
                            ReadArray(array, wanted_.columns[i].type, wanted_.unit));
      if (wanted_.columns[i].is_time) KeepBadTexts(*array, column.view, i, &rows);
      rows.columns.push_back(std::move(column));
    }
    rows_read_ += rows.size;
    return std::optional<RowBatch>(std::move(rows));
  }

 private:
  base::Result<std::shared_ptr<arrow::RecordBatch>> NextBatch() {
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      if (batches_ == nullptr) {
        if (next_group_ == file_.row_groups()) return nullptr;
        ARROW_ASSIGN_OR_RAISE(batches_, file_.Read(next_group_++, leaves_, wanted_.batch_rows_max));
      }
      ARROW_RETURN_NOT_OK(ParquetFence(shown_, [&] { return batches_->ReadNext(&batch); }));
      if (batch != nullptr && batch->num_rows() > 0) return batch;
      if (batch == nullptr) batches_.reset();
    }
  }

  static void KeepBadTexts(const arrow::Array& array, const columns::Column& column, size_t index,
                           RowBatch* rows) {
    if (column.cells == nullptr) return;
    for (int64_t i = 0; i < column.size; ++i) {
      if (column.cells[i] <= columns::kValid) continue;
      if (rows->bad_texts.size() >= 2 * columns::RejectedRows::kExamplesMax) return;
      const auto scalar = array.GetScalar(i);
      rows->bad_texts.push_back({i, index, scalar.ok() ? (*scalar)->ToString() : ""});
    }
  }

  WantedRows wanted_;
  std::string shown_;
  ParquetFile file_;
  std::vector<ParquetColumn> columns_;  // of each wanted column
  std::vector<int> leaves_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;  // of the row group before next_group_
  int next_group_ = 0;
  int64_t rows_read_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<FileRows>> OpenParquetRows(const FileList& list,
                                                        const ListedFile& file,
                                                        const WantedRows& wanted) {
  ARROW_ASSIGN_OR_RAISE(ParquetFile parquet, ParquetFile::Open(list, file));
  auto rows = std::make_unique<ParquetRows>(wanted, file.shown, std::move(parquet));
  ARROW_RETURN_NOT_OK(rows->FindColumns());
  return rows;
}

}  // namespace millrace::sources
