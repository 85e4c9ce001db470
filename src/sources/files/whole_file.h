// WholeFile: a file that appears whole or not at all: written beside its place under a name of its
// own, then renamed over it; on S3 an upload that is completed. Called by TableWriter, and by
// whoever writes a text beside a table.
#pragma once

#include <arrow/io/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace millrace::sources {

class WholeFile {
 public:
  // `path`: a file's, or s3://bucket/key. Errors: file_not_found (the folder), permission_denied,
  // disk_full, io_error, usage (a folder is there). On S3 some of them come with what is written.
  static base::Result<WholeFile> Create(const std::string& path);
  WholeFile(WholeFile&& other) noexcept;
  WholeFile& operator=(WholeFile&&) = delete;
  // Removes what was written, unless it was committed.
  ~WholeFile();

  arrow::io::OutputStream* stream() { return stream_.get(); }
  std::shared_ptr<arrow::io::OutputStream> shared_stream() { return stream_; }
  // Makes the bytes durable, then visible. Errors: as Create; the file at `path` is then as it was.
  base::Status Commit();

 private:
  WholeFile() = default;
  static base::Result<WholeFile> CreateOnS3(const std::string& path);

  std::string path_;
  std::string beside_;  // the name it is written under; "" when there is nothing to remove
  std::shared_ptr<arrow::io::OutputStream> stream_;
  int descriptor_ = -1;  // owned by the stream; -1: on S3
};

// Removes what WholeFiles of processes that were killed left in the folder and those below it, not
// changed since `before`. What cannot be looked at or removed stays. Returns how many went. A
// folder on S3 has none: an upload that was not completed is no file.
int64_t RemoveUnfinished(const std::string& folder, base::EventTime before);

// The text as the whole file.
base::Status WriteText(const std::string& path, std::string_view text);

}  // namespace millrace::sources
