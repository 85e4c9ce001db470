// The rows of one row group of a Parquet file as typed columns. Used by parquet_parts.cc alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sources/arrow/parquet_file.h"
#include "sources/arrow/parquet_groups.h"
#include "sources/file_rows.h"

namespace millrace::sources {

// What all row groups of a file share; nothing in it changes once the footer is read.
struct ParquetReading {
  WantedRows wanted;
  std::string shown;
  bool remote = false;
  std::shared_ptr<parquet::FileMetaData> metadata;
  std::vector<ParquetColumn> columns;  // of each wanted column
  std::vector<int> leaves;             // of all of them, ascending
};

// `alone`: as FileParts::Open.
base::Result<std::unique_ptr<FileRows>> OpenParquetGroup(
    std::shared_ptr<const ParquetReading> reading, const ParquetGroup& group,
    std::shared_ptr<arrow::io::RandomAccessFile> input, bool alone);

}  // namespace millrace::sources
