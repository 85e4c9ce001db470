// WritableView: how rows that are written to a snapshot view become rows of its source, and which
// views can be written to. Called by online_writes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "features/plan.h"

namespace millrace::jobs {

// How rows that are written to a view become rows of its source. Columns of the source are called
// as the JSON objects that are pushed into it call them (SourceLocation::column_paths), each once;
// those that are not here are null.
struct WritableView {
  std::string source;
  std::string timestamp;  // the source's column of the event time
  // How it is said there: kNone: as text (ISO-8601), else as an integer.
  features::TimestampUnit timestamp_unit = features::TimestampUnit::kNone;
  // Of the knowledge time, as text; "": the source has none that a row may say. Where it declares
  // one, null is the time of receipt.
  std::string created;
  // Keys and stored features of the view -> columns of the source.
  std::vector<std::pair<std::string, std::string>> columns;
};

// Errors: unknown_name, with the nearest; view_not_writable, with the reason.
base::Result<WritableView> FindWritableView(const features::FeaturePlan& plan,
                                            const std::string& view);

}  // namespace millrace::jobs
