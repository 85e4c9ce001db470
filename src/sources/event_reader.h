// EventReader: the rows of a source's files as EventBatches, bad rows set aside with their reason.
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
                    // store's ETag on S3
};

struct ReadOptions {
  std::string root;  // relative paths start here (the project's folder)
  int64_t batch_rows_max = 65'536;
  std::vector<int> columns;  // indices into Source::columns to read, besides the time columns
};

// One thread at a time.
class EventReader {
 public:
  virtual ~EventReader() = default;
  // The next batch, never empty; nothing at the end. A row's place is (InputFile::path, row), rows
  // from 1: Parquet's row, the line on which a CSV or JSON row begins. A file that cannot be read
  // to its end, or that changes while it is read, is an error: rows already given are not to be
  // used. Cells that do not read as their column's type are error cells (kBadCast; kVectorLength).
  virtual base::Result<std::optional<columns::EventBatch>> Next() = 0;
  // Rows set aside so far, under "source NAME": malformed_row (no JSON object, a wrong number of
  // fields), null_event_time, unreadable_event_time, null_created, unreadable_created; each with
  // "file row N: 'text'".
  virtual const columns::RejectedRows& rejected() const = 0;
  virtual const std::vector<InputFile>& files() const = 0;
};

// All files of the source in order of their names. REQUIRES: the source's location has ${VAR}
// expanded. Errors: file_not_found, empty_source (no file matches), permission_denied, corrupt
// (names file and place), missing_column, type_mismatch (names column, type and expectation),
// reserved (delta). Files after the first are opened when their turn comes: Next reports the same.
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
