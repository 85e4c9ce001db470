// FileRows: the rows of one open file as typed columns, before their times are judged. One
// implementation per format; made and read by EventReader alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "columns/column.h"
#include "columns/event_batch.h"
#include "features/plan.h"
#include "sources/files/file_list.h"

namespace millrace::sources {

// A column to read: where it is in the file and what its cells are.
struct WantedColumn {
  std::string name;  // the user's
  std::string path;  // in the file: a name, or names joined by dots
  columns::Type type;
  bool is_time = false;  // texts of its bad cells are kept for messages
};

struct WantedRows {
  std::string source;  // its name, for messages
  std::vector<WantedColumn> columns;
  features::TimestampUnit unit = features::TimestampUnit::kNone;
  int64_t batch_rows_max = 0;
};

// The text of a bad cell of a time column.
struct BadText {
  int64_t row;  // in the batch
  size_t column;
  std::string text;
};

struct RowBatch {
  int64_t size = 0;
  std::vector<columns::OwnedColumn> columns;  // by WantedRows::columns
  // Each row's place in the file, from 1: Parquet's row, the line a CSV or JSON row begins on.
  std::vector<int64_t> rows;
  std::vector<uint8_t>
      malformed;  // 1: the row is none, its cells mean nothing; empty: all are rows
  std::vector<BadText> bad_texts;  // a few
};

class FileRows {
 public:
  virtual ~FileRows() = default;
  // At most batch_rows_max rows; nothing at the end. Rows that are malformed as a whole go to
  // `rejected`.
  virtual base::Result<std::optional<RowBatch>> Next(columns::RejectedRows* rejected) = 0;
};

// Errors: missing_column (with the nearest name), type_mismatch, corrupt, and what the file system
// reports.
base::Result<std::unique_ptr<FileRows>> OpenParquetRows(const FileList& list,
                                                        const ListedFile& file,
                                                        const WantedRows& wanted);
base::Result<std::unique_ptr<FileRows>> OpenCsvRows(const FileList& list, const ListedFile& file,
                                                    const WantedRows& wanted);
base::Result<std::unique_ptr<FileRows>> OpenJsonRows(const FileList& list, const ListedFile& file,
                                                     const WantedRows& wanted);

}  // namespace millrace::sources
