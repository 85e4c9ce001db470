#include "sources/arrow/parquet_rows.h"

#include <arrow/array.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "sources/arrow/arrow_cells.h"

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
  ParquetRows(std::shared_ptr<const ParquetReading> reading, ParquetGroup group, ParquetFile file)
      : reading_(std::move(reading)), group_(std::move(group)), file_(std::move(file)) {}

  // A row group that may be one batch is decoded whole.
  base::Status Start() {
    const int64_t rows_max = reading_->wanted.batch_rows_max;
    if (group_.rows > rows_max) {
      return file_.ReadBatches(group_.index, reading_->leaves, rows_max).Value(&batches_);
    }
    ARROW_ASSIGN_OR_RAISE(auto table, file_.ReadGroup(group_.index, reading_->leaves));
    batches_ = std::make_unique<arrow::TableBatchReader>(std::move(table));
    return base::Status::OK();
  }

  base::Result<std::optional<RowBatch>> Next(columns::RejectedRows*) override {
    if (batches_ == nullptr) ARROW_RETURN_NOT_OK(Start());
    std::shared_ptr<arrow::RecordBatch> batch;
    do {
      ARROW_RETURN_NOT_OK(
          ParquetFence(reading_->shown, [&] { return batches_->ReadNext(&batch); }));
    } while (batch != nullptr && batch->num_rows() == 0);
    if (batch == nullptr) {
      if (rows_read_ == group_.rows) return std::optional<RowBatch>();
      return base::Error(base::codes::kCorrupt,
                         fmt::format("{} is damaged: its row group {} says {} rows and has {}",
                                     reading_->shown, group_.index, group_.rows, rows_read_));
    }
    return RowsOf(*batch);
  }

 private:
  base::Result<std::optional<RowBatch>> RowsOf(const arrow::RecordBatch& batch) {
    const WantedRows& wanted = reading_->wanted;
    RowBatch rows;
    rows.size = batch.num_rows();
    rows.rows.resize(static_cast<size_t>(rows.size));
    std::iota(rows.rows.begin(), rows.rows.end(), group_.first_row + rows_read_);
    for (size_t i = 0; i < wanted.columns.size(); ++i) {
      std::shared_ptr<arrow::Array> array;
      ARROW_RETURN_NOT_OK(ParquetFence(reading_->shown, [&] {
        return Follow(batch, reading_->columns[i].names).Value(&array);
      }));
      ARROW_ASSIGN_OR_RAISE(columns::OwnedColumn column,
                            ReadArray(array, wanted.columns[i].type, wanted.unit));
      if (wanted.columns[i].is_time) KeepBadTexts(*array, column.view, i, &rows);
      rows.columns.push_back(std::move(column));
    }
    rows_read_ += rows.size;
    return std::optional<RowBatch>(std::move(rows));
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

  const std::shared_ptr<const ParquetReading> reading_;
  const ParquetGroup group_;
  const ParquetFile file_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;  // null before the first Next
  int64_t rows_read_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<FileRows>> OpenParquetGroup(
    std::shared_ptr<const ParquetReading> reading, const ParquetGroup& group,
    std::shared_ptr<arrow::io::RandomAccessFile> input, bool alone) {
  ARROW_ASSIGN_OR_RAISE(ParquetFile file, ParquetFile::Open(std::move(input), reading->shown,
                                                            {.metadata = reading->metadata,
                                                             .remote = reading->remote,
                                                             .threads = alone,
                                                             .dictionaries = group.dictionaries}));
  return std::make_unique<ParquetRows>(std::move(reading), group, std::move(file));
}

}  // namespace millrace::sources
