// RowSink: where changed rows of a store go: into a transaction, or sorted into a bulk load.
#pragma once

#include <string>

#include "base/status.h"

namespace millrace::state {

class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual base::Status Put(std::string key, std::string value) = 0;
  virtual base::Status Append(std::string key, std::string bytes) = 0;
  virtual base::Status Delete(std::string key) = 0;
};

}  // namespace millrace::state
