// PushLog: the folder of a source's push log: whose rows it holds, under which names, and which of
// its files count (docs/formats/push_log.md). Opens no file's content: that is push_segment's.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace millrace::sources {

// Rows of one writer, both ends included. Rows count from 1 and no number is given twice.
struct RowRange {
  int64_t first = 1;
  int64_t last = std::numeric_limits<int64_t>::max();

  friend bool operator==(const RowRange&, const RowRange&) = default;
};

// Who is to apply a pushed row: stores, training sets, or both. Bits of the column `__to`.
enum class PushTo : uint8_t { kOnline = 1, kOffline = 2, kBoth = 3 };

// The columns that a log has behind those of its source.
inline constexpr std::string_view kReceivedColumn = "__received";   // timestamp, never null
inline constexpr std::string_view kToColumn = "__to";               // uint8, never null
inline constexpr std::string_view kRequestColumn = "__request_id";  // string

// `push`: the folder of all push logs of a project (`<lake>/push`).
std::string PushLogFolder(const std::string& push, const std::string& source);

// The id under which this project folder's process writes into its push logs, [a-z0-9-]+: kept in
// the file `writer` of the folder, which the first call makes; the same ever after. Whoever copies
// the folder to write in both places removes that file from one. Errors: permission_denied,
// disk_full, io_error, corrupt (the file holds no id).
base::Result<std::string> PushWriter(const std::string& push);

// Where a row of the writer is from: EventBatch::origin.
std::string PushOrigin(std::string_view writer);  // "push:WRITER"

struct WriterRows {
  std::string writer;
  RowRange rows;
};
// "push:WRITER/1-1200": the InputFile::path of rows that were read, whatever files they lay in.
std::string ShowWriterRows(const WriterRows& rows);
// Nothing: the path is that of a file.
std::optional<WriterRows> ShownWriterRows(std::string_view path);

// A file of a log: a segment, whose rows begin with `first` and which says itself how many they
// are, or a Parquet file of exactly the rows first to last.
struct LogFile {
  std::string path;
  std::string writer;
  int64_t first = 1;
  std::optional<int64_t> last;  // nothing: a segment
  int64_t bytes = 0;
};

std::string SegmentPath(const std::string& folder, const std::string& writer, int64_t first);
std::string CompactedPath(const std::string& folder, const WriterRows& rows);

struct LogFiles {
  std::vector<LogFile> files;    // that count, by writer, then by row
  std::vector<LogFile> covered;  // whose rows another file of `files` has too
};
// All writers' files, of nothing but their names; a folder that is not there has none. Errors:
// corrupt (two files share a part of their rows), permission_denied, io_error.
base::Result<LogFiles> ListLog(const std::string& folder);

}  // namespace millrace::sources
