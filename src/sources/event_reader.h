// EventReader: the rows of a source's files as EventBatches, bad rows set aside with their reason.
// A source is read in parts, by as many threads as the caller has.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "columns/event_batch.h"
#include "features/plan.h"

namespace millrace::sources {

// A file as it was when it was opened.
struct InputFile {
  std::string
      path;  // as messages show it: relative to the root where the source's path is; s3:// too
  int64_t bytes = 0;
  std::string tag;  // of its content: hexadecimal XXH3-64 for local files (file_list.h), the
                    // store's ETag on S3. Rows of a push log: push/push_log_reader.h has all three
};

struct ReadOptions {
  std::string root;                  // relative paths start here (the project's folder)
  int64_t batch_rows_max = 1 << 20;  // of text at most 65,536 at a time
  std::vector<int> columns;  // indices into Source::columns to read, besides the time columns
  int threads = 1;  // that read parts at once; a part that leaves some idle uses Arrow's own
  // Rows with event time outside [from, to) may be left out, whole row groups at a time; none: no
  // bound.
  std::optional<base::EventTime> from = {};
  std::optional<base::EventTime> to = {};
};

// One part of a source's rows: a row group of a Parquet file, a whole CSV or JSON file. One thread
// at a time. It may outlive its reader, and its batches may outlive both.
class PartReader {
 public:
  virtual ~PartReader() = default;
  // The next batch, never empty; nothing at the end. A row's place is (InputFile::path, row), rows
  // from 1: Parquet's row in the file, the line on which a CSV or JSON row begins. A part that
  // cannot be read to its end, or whose file changes while it is read, is an error: rows already
  // given are not to be used. Cells that do not read as their column's type are error cells
  // (kBadCast; kVectorLength).
  virtual base::Result<std::optional<columns::EventBatch>> Next() = 0;
  // Rows of this part set aside so far, under "source NAME": malformed_row (no JSON object, a wrong
  // number of fields), null_event_time, unreadable_event_time, null_created, unreadable_created;
  // each with "file row N: 'text'". Merged in order of the parts they are the source's.
  virtual const columns::RejectedRows& rejected() const = 0;
  // Pushed rows of this part left out so far because they are for stores alone, resp. for training
  // sets alone.
  virtual int64_t one_sided() const { return 0; }
};

// What time statistics let us leave unread.
struct Pruned {
  int64_t parts = 0;
  int64_t rows = 0;
};

class EventReader {
 public:
  virtual ~EventReader() = default;
  virtual int64_t parts() const = 0;  // in the order of files and rows
  // Parts may be opened and read at the same time from different threads, and more than once.
  // REQUIRES: 0 <= part < parts().
  virtual base::Result<std::unique_ptr<PartReader>> OpenPart(int64_t part) = 0;
  // From metadata and file sizes, for progress and partitioning. 0: unknown.
  virtual int64_t rows_estimate() const { return 0; }
  virtual int64_t bytes_estimate() const { return 0; }  // of the wanted columns decoded, roughly
  virtual const Pruned& pruned() const = 0;
  // All files, pruned ones too. Waits until their contents are tagged, which begins when they are
  // opened. Errors: as reading them.
  virtual base::Result<std::vector<InputFile>> Files() = 0;
};

// All files of the source in order of their names. REQUIRES: the source's location has ${VAR}
// expanded. Errors: file_not_found, empty_source (no file matches), permission_denied, corrupt
// (names file and place), missing_column, type_mismatch (names column, type and expectation),
// reserved (delta). Parquet's footers are all read here; of text files the first is opened, and
// OpenPart reports the same of the others.
base::Result<std::unique_ptr<EventReader>> OpenFiles(const features::Source& source,
                                                     const ReadOptions& options);

// The columns that the source's files have (features::SchemaReader for files under `root`): of the
// first file; with `columns:` declared, those types win; `source.columns` holds what was declared.
// Structs appear only as paths
// ("context.device"), which a column of `column_paths` replaces; columns of types that are not ours
// (times of day, intervals, lists of structs) do not appear. CSV and JSON: exactly the declared
// columns. Errors: as OpenFiles; a decimal that is not declared is type_mismatch; CSV or JSON
// without declared columns is missing_field.
base::Result<std::vector<features::Field>> ReadSchema(const features::Source& source,
                                                      const std::string& root);

}  // namespace millrace::sources
