// SpillFile: record batches that do not fit in memory, as Arrow IPC (LZ4) in one file that has no
// name: nothing of it is left behind, however the process ends.
#pragma once

#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace millrace::offline {

class SpillFile {
 public:
  // Where a batch lies.
  struct Place {
    int64_t offset = 0;
    int64_t bytes = 0;
  };

  // Opened in `folder` when the first batch comes.
  explicit SpillFile(std::string folder);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  // From any thread. Errors: disk_full, permission_denied, file_not_found, io_error.
  base::Result<Place> Write(const arrow::RecordBatch& batch);
  base::Result<std::shared_ptr<arrow::RecordBatch>> Read(const Place& place) const;

  int64_t bytes() const { return end_; }

 private:
  base::Status Open();

  const std::string folder_;
  std::atomic<int> file_ = -1;
  std::atomic<int64_t> end_ = 0;
};

}  // namespace millrace::offline
