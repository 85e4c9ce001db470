#include "serve/observe/row_buffer.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

#include "columns/arrow_column.h"
#include "online/row_status.h"

namespace millrace::serve {

using columns::Physical;

namespace {

constexpr int64_t kScalarBytes = 9;  // a cell and whether it is valid

std::shared_ptr<arrow::DataType> StatusType() {
  return arrow::dictionary(arrow::int8(), arrow::utf8());
}

base::Result<std::shared_ptr<arrow::Array>> NamesOf(const std::shared_ptr<arrow::Array>& statuses) {
  arrow::StringBuilder names;
  for (const auto status : {online::CellStatus::kPresent, online::CellStatus::kNullValue,
                            online::CellStatus::kNotFound, online::CellStatus::kOutsideMaxAge}) {
    ARROW_RETURN_NOT_OK(names.Append(online::CellStatusName(status)));
  }
  ARROW_ASSIGN_OR_RAISE(const auto dictionary, names.Finish());
  return arrow::DictionaryArray::FromArrays(StatusType(), statuses, dictionary);
}

}  // namespace

void RowBuffer::AddColumn(std::string name, columns::Type type) {
  columns_.push_back({std::move(name), false, columns::ColumnBuffer(std::move(type))});
}

void RowBuffer::AddStatusColumn(std::string name) {
  columns_.push_back({std::move(name), true, columns::ColumnBuffer(columns::Kind::kInt8)});
}

void RowBuffer::Grow(int64_t rows, int64_t bytes) {
  rows_ += rows;
  bytes_ += bytes;
}

std::shared_ptr<arrow::Schema> RowBuffer::schema() const {
  arrow::FieldVector fields;
  for (const Named& column : columns_) {
    fields.push_back(
        arrow::field(column.name, column.status ? StatusType() : column.cells.type().ToArrow()));
  }
  return arrow::schema(std::move(fields));
}

base::Result<std::shared_ptr<arrow::RecordBatch>> RowBuffer::Take() {
  arrow::ArrayVector arrays;
  for (const Named& column : columns_) {
    ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(column.cells.View()));
    if (column.status) {
      ARROW_ASSIGN_OR_RAISE(array, NamesOf(array));
    }
    arrays.push_back(std::move(array));
  }
  auto batch = arrow::RecordBatch::Make(schema(), rows_, std::move(arrays));
  // Anew, not cleared: a full buffer's memory is not for those that wait a minute for a few rows.
  for (Named& column : columns_) column.cells = columns::ColumnBuffer(column.cells.type());
  rows_ = 0;
  bytes_ = 0;
  return batch;
}

int64_t BytesOf(const columns::Column& column) {
  int64_t bytes = kScalarBytes * column.size;
  switch (column.type.physical()) {
    case Physical::kString:
      for (int64_t row = 0; row < column.size; ++row) {
        if (column.valid(row)) bytes += static_cast<int64_t>(column.strings[row].size());
      }
      return bytes;
    case Physical::kMap:
      bytes += BytesOf(column.children[1]);
      [[fallthrough]];
    case Physical::kList:
      return bytes + BytesOf(column.children[0]);
    default:
      return bytes;
  }
}

}  // namespace millrace::serve
