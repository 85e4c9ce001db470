#include "sources/arrow/parquet_rows.h"

#include <arrow/array.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "sources/arrow/arrow_cells.h"
#include "sources/arrow/bad_texts.h"

namespace millrace::sources {
namespace {

// The array that the names lead to from the column of the first; null where a struct around it is
// null.
arrow::Result<std::shared_ptr<arrow::Array>> Follow(std::shared_ptr<arrow::Array> array,
                                                    const std::vector<std::string>& names) {
  if (array == nullptr) return arrow::Status::Invalid("no column ", names.front());
  for (size_t i = 1; i < names.size(); ++i) {
    const auto& outer = static_cast<const arrow::StructArray&>(*array);
    const int field = outer.struct_type()->GetFieldIndex(names[i]);
    if (field < 0) return arrow::Status::Invalid("no field ", names[i]);
    ARROW_ASSIGN_OR_RAISE(array, outer.GetFlattenedField(field));
  }
  return array;
}

// Whether the dictionary's last value is used. Arrow drops values that a file's dictionary has
// twice and leaves the indices as they were: then the largest lies behind the end, since writers
// put no value into a dictionary that they do not use.
bool IsWhole(const arrow::DictionaryArray& array) {
  if (array.null_count() == array.length()) return true;
  const auto* indices = array.indices()->data()->GetValues<int32_t>(1);
  const bool nulls = array.null_count() > 0;
  int32_t largest = 0;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (!nulls || array.IsValid(i)) largest = std::max(largest, indices[i]);
  }
  return largest + int64_t{1} == array.dictionary()->length();
}

class ParquetRows final : public FileRows {
 public:
  ParquetRows(std::shared_ptr<const ParquetReading> reading, ParquetGroup group,
              std::shared_ptr<arrow::io::RandomAccessFile> input, bool alone)
      : reading_(std::move(reading)),
        group_(std::move(group)),
        input_(std::move(input)),
        alone_(alone) {}

  base::Status Open(const std::vector<int>& dictionaries) {
    ARROW_ASSIGN_OR_RAISE(ParquetFile file, ParquetFile::Open(input_, reading_->shown,
                                                              {.metadata = reading_->metadata,
                                                               .remote = reading_->remote,
                                                               .threads = alone_,
                                                               .dictionaries = dictionaries}));
    file_.emplace(std::move(file));
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
  // A row group that may be one batch is decoded whole.
  base::Status Start() {
    const int64_t rows_max = reading_->wanted.batch_rows_max;
    if (group_.rows > rows_max) {
      return file_->ReadBatches(group_.index, reading_->leaves, rows_max).Value(&batches_);
    }
    ARROW_ASSIGN_OR_RAISE(auto table, file_->ReadGroup(group_.index, reading_->leaves));
    if (!group_.dictionaries.empty()) {
      ARROW_ASSIGN_OR_RAISE(const bool whole, HasWholeDictionaries(*table));
      if (!whole) {
        ARROW_RETURN_NOT_OK(Open({}));
        ARROW_ASSIGN_OR_RAISE(table, file_->ReadGroup(group_.index, reading_->leaves));
      }
    }
    batches_ = std::make_unique<arrow::TableBatchReader>(std::move(table));
    return base::Status::OK();
  }

  base::Result<bool> HasWholeDictionaries(const arrow::Table& table) const {
    for (const ParquetColumn& column : reading_->columns) {
      const auto& coded = group_.dictionaries;
      if (column.leaves.size() != 1 ||
          std::find(coded.begin(), coded.end(), column.leaves.front()) == coded.end()) {
        continue;
      }
      const auto chunks = table.GetColumnByName(column.names.front());
      if (chunks == nullptr || chunks->num_chunks() != 1) return false;
      std::shared_ptr<arrow::Array> array;
      ARROW_RETURN_NOT_OK(ParquetFence(
          reading_->shown, [&] { return Follow(chunks->chunk(0), column.names).Value(&array); }));
      if (array->type_id() == arrow::Type::DICTIONARY &&
          !IsWhole(static_cast<const arrow::DictionaryArray&>(*array))) {
        return false;
      }
    }
    return true;
  }

  base::Result<std::optional<RowBatch>> RowsOf(const arrow::RecordBatch& batch) {
    const WantedRows& wanted = reading_->wanted;
    RowBatch rows;
    rows.size = batch.num_rows();
    rows.rows.resize(static_cast<size_t>(rows.size));
    std::iota(rows.rows.begin(), rows.rows.end(), group_.first_row + rows_read_);
    for (size_t i = 0; i < wanted.columns.size(); ++i) {
      std::shared_ptr<arrow::Array> array;
      ARROW_RETURN_NOT_OK(ParquetFence(reading_->shown, [&] {
        const auto& names = reading_->columns[i].names;
        return Follow(batch.GetColumnByName(names.front()), names).Value(&array);
      }));
      // Arrow makes a dictionary by a hash table of its values.
      auto column = ReadArray(array, wanted.columns[i].type, wanted.unit, columns::Distinct::kYes);
      if (!column.ok()) return base::AtPlace(column.status(), {.file = reading_->shown});
      if (wanted.columns[i].is_time) KeepBadTexts(*array, column->view, i, &rows);
      rows.columns.push_back(*std::move(column));
    }
    rows_read_ += rows.size;
    return std::optional<RowBatch>(std::move(rows));
  }

  const std::shared_ptr<const ParquetReading> reading_;
  const ParquetGroup group_;
  const std::shared_ptr<arrow::io::RandomAccessFile> input_;
  const bool alone_;
  std::optional<ParquetFile> file_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;  // null before the first Next
  int64_t rows_read_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<FileRows>> OpenParquetGroup(
    std::shared_ptr<const ParquetReading> reading, const ParquetGroup& group,
    std::shared_ptr<arrow::io::RandomAccessFile> input, bool alone) {
  auto rows = std::make_unique<ParquetRows>(std::move(reading), group, std::move(input), alone);
  ARROW_RETURN_NOT_OK(rows->Open(group.dictionaries));
  return rows;
}

}  // namespace millrace::sources
