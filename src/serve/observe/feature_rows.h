// What an answer and an outcome are as rows of the feature log's tables: which table, which columns
// by which names (docs/formats/feature_log.md). Called by LogTables.
#pragma once

#include <string>

#include "base/time.h"
#include "serve/observe/feature_log.h"
#include "serve/observe/row_buffer.h"

namespace millrace::serve {

// Answers of one shape go into one file: the same for those that have the same day, service,
// version, keys, request fields and features, by name and type.
std::string ShapeOf(const ServedAnswer& served);
// Of the outcomes of this day.
std::string OutcomeShape(base::EventTime received);

// Folders below feature_log/, with a slash at the end.
std::string FolderOf(const ServedAnswer& served);
std::string OutcomeFolder(base::EventTime received);

// Columns without rows.
RowBuffer ColumnsOf(const ServedAnswer& served);
RowBuffer OutcomeColumns();

// REQUIRES: `rows` is ColumnsOf an answer of this shape, resp. OutcomeColumns.
void Append(const ServedAnswer& served, RowBuffer* rows);
void Append(const Outcome& outcome, base::EventTime received, RowBuffer* rows);

}  // namespace millrace::serve
