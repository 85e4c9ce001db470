#include "sources/table_file.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/filesystem/localfs.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <utility>

#include "sources/arrow/parquet_file.h"
#include "sources/csv/csv_table.h"
#include "sources/files/file_error.h"
#include "sources/files/file_list.h"
#include "sources/json/json_table.h"
#include "sources/table_writer.h"

namespace millrace::sources {
namespace {

arrow::Status ReadIpc(const FileList& list, const ListedFile& file,
                      std::shared_ptr<arrow::Table>* out) {
  ARROW_ASSIGN_OR_RAISE(const auto input, list.filesystem->OpenInputFile(file.path));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchFileReader::Open(input));
  arrow::RecordBatchVector batches;
  for (int i = 0; i < reader->num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->ReadRecordBatch(i));
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(reader->schema(), batches).Value(out);
}

// The rows of one row group, in several only when one array of a column would be too large.
base::Status WriteRowGroup(const arrow::Table& rows, TableWriter* writer) {
  const auto whole = rows.CombineChunksToBatch();
  if (whole.ok()) return writer->Write(**whole);
  arrow::TableBatchReader batches(rows);
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(batches.ReadNext(&batch));
    if (batch == nullptr) return base::Status::OK();
    ARROW_RETURN_NOT_OK(writer->Write(*batch));
  }
}

}  // namespace

base::Result<std::shared_ptr<arrow::Table>> ReadTable(
    const std::string& path, const std::map<std::string, columns::Type>& types) {
  ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(path));
  FileList list;
  list.filesystem = std::make_shared<arrow::fs::LocalFileSystem>();
  const ListedFile file{path, path, 0, 0};
  std::shared_ptr<arrow::Table> table;
  switch (format) {
    case Format::kParquet: {
      ARROW_ASSIGN_OR_RAISE(const ParquetFile parquet, ParquetFile::Open(list, file));
      return parquet.ReadAll();
    }
    case Format::kArrow:
      ARROW_RETURN_NOT_OK(ParquetFence(path, [&] { return ReadIpc(list, file, &table); }));
      return table;
    case Format::kCsv:
      return ReadCsv(path, types);
    case Format::kJson:
      return ReadJson(path, types);
  }
  return table;
}

base::Status WriteTable(const std::string& path, const arrow::Table& table) {
  ARROW_ASSIGN_OR_RAISE(const auto writer, TableWriter::Open(path, table.schema()));
  for (int64_t row = 0; row < table.num_rows(); row += kRowGroupRows) {
    ARROW_RETURN_NOT_OK(WriteRowGroup(*table.Slice(row, kRowGroupRows), writer.get()));
  }
  return writer->Commit();
}

}  // namespace millrace::sources
