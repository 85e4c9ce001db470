// OwnerLock: the one process that may write an embedded store, held as a lock on the store's file
// owner.lock, in which the process writes its id. The system gives it up when the process ends.
#pragma once

#include <string>
#include <utility>

#include "base/status.h"

namespace millrace::kv {

class OwnerLock {
 public:
  // Waits up to `wait_seconds` for another owner to end. Errors: store_owned (naming its process),
  // permission_denied, disk_full, io_error.
  static base::Result<OwnerLock> Take(const std::string& folder, int wait_seconds);

  OwnerLock(OwnerLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  OwnerLock& operator=(OwnerLock&&) = delete;
  ~OwnerLock();

 private:
  explicit OwnerLock(int file) : file_(file) {}

  int file_;
};

}  // namespace millrace::kv
