// The events of a case as files, the way a variation wants them; for engines that read files.
#pragma once

#include <string>

#include "base/status.h"
#include "engines/engine.h"

namespace millrace::engines {

// Whether a format can hold the table: a cell that cannot be read needs text, bytes need Parquet.
bool CanHold(const EventTable& table, const std::string& format);

// `<folder>/<source>-<i>.<format>` for i < variation.files, the rows dealt out in turn; some files
// may be empty.
base::Status WriteEventFiles(const EventTable& table, const Variation& variation,
                             const std::string& folder);

}  // namespace millrace::engines
