// AskedKeys: what `get` is asked for as typed columns: keys, request fields and times, from the
// command line's texts or from a table file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "features/plan.h"
#include "features/selection.h"
#include "online/feature_reader.h"

namespace millrace::jobs {

struct AskedKeys {
  online::Asked asked;
  std::vector<std::string> keys;  // their columns, in the order in which views name them
  columns::OwnedColumn as_of;     // what asked.as_of views; type kNull: there is none
};

// The column of a keys file that says when each row is asked about.
inline constexpr const char* kAsOfColumn = "as_of";

// The key columns that a selection reads, each once, with their types. Error: type_mismatch, when
// two views have one of them by different types.
base::Result<std::vector<columns::Field>> KeyFields(const features::FeaturePlan& plan,
                                                    const features::Selection& selection);

// No rows, but every column that the selection reads.
base::Result<AskedKeys> NoKeys(const features::FeaturePlan& plan,
                               const features::Selection& selection);

struct KeyTexts {
  std::map<std::string, std::string> keys;
  std::map<std::string, std::string> request;
};

// One row. Errors, all at once: missing_column (names the option), unknown_name, usage (a text that
// does not read as its type).
base::Result<AskedKeys> KeysOfTexts(const features::FeaturePlan& plan,
                                    const features::Selection& selection, const KeyTexts& texts);

// A row per row of the table; columns that nobody asks for are left alone. Errors: as
// sources::ReadTable; missing_column, bad_value (a cell that does not read as its type).
base::Result<AskedKeys> KeysOfFile(const features::FeaturePlan& plan,
                                   const features::Selection& selection, const std::string& path);

}  // namespace millrace::jobs
