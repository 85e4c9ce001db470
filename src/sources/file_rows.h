// FileParts and FileRows: the rows of one file, part by part, as typed columns, before their times
// are judged. One implementation per format; made and read by EventReader and its parts alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "columns/column.h"
#include "columns/event_batch.h"
#include "features/plan.h"
#include "sources/event_reader.h"
#include "sources/files/file_list.h"

namespace millrace::sources {

// A column to read: where it is in the file and what its cells are.
struct WantedColumn {
  std::string name;  // the user's
  std::string path;  // in the file: a name, or names joined by dots
  columns::Type type;
  bool is_time = false;  // an event or knowledge time: texts of its bad cells are kept for messages
};

struct WantedRows {
  std::string source;  // its name, for messages
  std::vector<WantedColumn> columns;
  size_t time = 0;  // the event time, in columns
  features::TimestampUnit unit = features::TimestampUnit::kNone;
  int64_t batch_rows_max = 0;
  std::optional<base::EventTime> from;  // as ReadOptions
  std::optional<base::EventTime> to;
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
  // Of pushed rows, else empty: when each came, which stands for a knowledge time that is null.
  std::vector<base::EventTime> received;
};

class FileRows {
 public:
  virtual ~FileRows() = default;
  // At most batch_rows_max rows; nothing at the end. Rows that are malformed as a whole go to
  // `rejected`.
  virtual base::Result<std::optional<RowBatch>> Next(columns::RejectedRows* rejected) = 0;
  virtual int64_t one_sided() const { return 0; }  // as PartReader's
};

// What is known of a file, or of a part of it, before it is read.
struct Size {
  int64_t rows = 0;   // 0: unknown
  int64_t bytes = 0;  // decoded, roughly
};

class FileParts {
 public:
  virtual ~FileParts() = default;
  virtual int parts() const = 0;
  // `alone`: nobody reads another part at the same time, so the format may use threads of its own.
  // Called from any thread; what it gives outlives this.
  virtual base::Result<std::unique_ptr<FileRows>> Open(int part, bool alone) const = 0;
  virtual Size size() const = 0;
  virtual const Pruned& pruned() const = 0;
};

// Of cells of the type, without the bytes of texts and elements: the decoded bytes of a row.
int64_t CellBytes(const columns::Type& type);

// Errors: missing_column (with the nearest name), type_mismatch, corrupt, and what the file system
// reports.
base::Result<std::unique_ptr<FileParts>> OpenParquetParts(const FileList& list,
                                                          const ListedFile& file,
                                                          const WantedRows& wanted);
// Opens nothing: CSV or JSON, one part of unknown size.
std::unique_ptr<FileParts> TextParts(const FileList& list, const ListedFile& file,
                                     const WantedRows& wanted);
// Of all files of text together, as if all their lines were like the first of the first file.
base::Result<Size> TextSize(const FileList& list, const WantedRows& wanted);
base::Result<std::unique_ptr<FileRows>> OpenCsvRows(const FileList& list, const ListedFile& file,
                                                    const WantedRows& wanted);
base::Result<std::unique_ptr<FileRows>> OpenJsonRows(const FileList& list, const ListedFile& file,
                                                     const WantedRows& wanted);

}  // namespace millrace::sources
