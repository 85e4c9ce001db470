#include "sources/table_file.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/filesystem/localfs.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <exception>
#include <utility>

#include "sources/arrow/canonical_floats.h"
#include "sources/arrow/parquet_file.h"
#include "sources/csv/csv_table.h"
#include "sources/files/file_error.h"
#include "sources/files/file_list.h"
#include "sources/files/whole_file.h"
#include "sources/json/json_table.h"

namespace millrace::sources {
namespace {

constexpr int64_t kRowGroupRows = 100'000;

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

arrow::Status WriteParquet(const arrow::Table& table, WholeFile* file) {
  const auto properties = parquet::WriterProperties::Builder()
                              .compression(parquet::Compression::SNAPPY)
                              ->max_row_group_length(kRowGroupRows)
                              ->build();
  // Our types, such as vectors, come back as they were.
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  return parquet::arrow::WriteTable(table, arrow::default_memory_pool(), file->shared_stream(),
                                    kRowGroupRows, properties, arrow_properties);
}

arrow::Status WriteIpc(const arrow::Table& table, WholeFile* file) {
  ARROW_ASSIGN_OR_RAISE(const auto writer,
                        arrow::ipc::MakeFileWriter(file->stream(), table.schema()));
  ARROW_RETURN_NOT_OK(writer->WriteTable(table, kRowGroupRows));
  return writer->Close();
}

arrow::Status WriteFormat(Format format, const arrow::Table& table, WholeFile* file) {
  // Parquet's library throws.
  try {
    switch (format) {
      case Format::kParquet:
        return WriteParquet(table, file);
      case Format::kArrow:
        return WriteIpc(table, file);
      case Format::kCsv:
        return WriteCsv(table, file->stream());
      case Format::kJson:
        break;
    }
    return base::Error(base::codes::kUsage,
                       "JSON lines are read, not written; expected .parquet, .csv or .arrow");
  } catch (const std::exception& thrown) {
    return arrow::Status::IOError(thrown.what());
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
  ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(path));
  ARROW_ASSIGN_OR_RAISE(const auto canonical, CanonicalFloats(table));
  ARROW_ASSIGN_OR_RAISE(WholeFile file, WholeFile::Create(path));
  const arrow::Status written = WriteFormat(format, *canonical, &file);
  if (!written.ok()) return FileError(written, "write", path, base::codes::kIo);
  return file.Commit();
}

}  // namespace millrace::sources
