// The events of a case as files, the way a variation wants them; for engines that read files.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engines/engine.h"

namespace millrace::engines {

// Whether a format can hold the table: a cell that cannot be read needs text, bytes need Parquet.
bool CanHold(const EventTable& table, const std::string& format);

// These rows of the table: CSV if the path ends so, else Parquet.
base::Status WriteEventFile(const EventTable& table, const std::vector<size_t>& rows,
                            const std::string& path);

// A value as JSON: floats as our text form, in quotes where JSON has no number for them, as times
// are.
std::string JsonText(const Value& value, const Type& type);

// A row as an object of a JSON-lines text. REQUIRES: its cells can be read, none is bytes.
std::string JsonRow(const EventTable& table, size_t row);

// `<folder>/<source>-<i>.<format>` for i < variation.files, the rows dealt out in turn; some files
// may be empty.
base::Status WriteEventFiles(const EventTable& table, const Variation& variation,
                             const std::string& folder);

}  // namespace millrace::engines
