// ParquetFile: an open Parquet file with its columns found by path. Internal to sources; everything
// that Parquet's library reports or throws about the bytes becomes `corrupt` with the file's name.
#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/type_fwd.h>
#include <parquet/arrow/reader.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "sources/files/file_list.h"

namespace millrace::sources {

// Where a path leads in a file.
struct ParquetColumn {
  std::vector<std::string> names;  // the column's, then of the fields inside
  std::shared_ptr<arrow::DataType> type;
  std::vector<int> leaves;  // of the file, to be read for it
};

// How a file is opened.
struct ParquetOpening {
  std::shared_ptr<parquet::FileMetaData> metadata =
      {};  // known before; nullptr: its footer is read
  bool remote = false;
  bool threads = true;                 // Arrow's own, for the columns of one read
  std::vector<int> dictionaries = {};  // leaves of texts that are read as dictionary arrays
};

class ParquetFile {
 public:
  static base::Result<ParquetFile> Open(const FileList& list, const ListedFile& file);
  static base::Result<ParquetFile> Open(std::shared_ptr<arrow::io::RandomAccessFile> input,
                                        const std::string& shown, const ParquetOpening& opening);

  // A column of that very name, or the field that the names joined by dots lead to through structs.
  // Errors: missing_column with the nearest path, duplicate_name.
  base::Result<ParquetColumn> Find(const std::string& path) const;

  // Every column that is no struct, and every field inside structs by its path.
  base::Result<std::vector<std::shared_ptr<arrow::Field>>> Leaves() const;

  std::shared_ptr<parquet::FileMetaData> metadata() const;
  // The rows of one row group, the leaves alone.
  base::Result<std::shared_ptr<arrow::Table>> ReadGroup(int row_group,
                                                        const std::vector<int>& leaves) const;
  // The same, at most `rows_max` at a time. The file must outlive it.
  base::Result<std::unique_ptr<arrow::RecordBatchReader>> ReadBatches(
      int row_group, const std::vector<int>& leaves, int64_t rows_max) const;
  base::Result<std::shared_ptr<arrow::Table>> ReadAll() const;

 private:
  ParquetFile(std::unique_ptr<parquet::arrow::FileReader> reader, std::string shown);

  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
  std::string shown_;
};

// Calls the library and makes what it throws a status, and its status ours.
base::Status ParquetFence(const std::string& shown, const std::function<arrow::Status()>& call);

}  // namespace millrace::sources
