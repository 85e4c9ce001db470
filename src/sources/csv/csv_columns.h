// CsvColumns: what CSV rows of events and CSV tables share: the header, what a record must be, a
// field as a cell.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "columns/column.h"
#include "features/plan.h"
#include "sources/csv/csv_decoder.h"

namespace millrace::sources {

class JsonText;

// The number of columns. Error: corrupt, when there is no header (an empty file) or it is
// malformed.
base::Result<size_t> CheckHeader(const CsvRecord* header, std::string_view file);

// The field of that name. Errors: missing_column with the nearest name, duplicate_name when two
// have it.
base::Result<size_t> FindInHeader(const CsvRecord& header, std::string_view name,
                                  std::string_view file);

// "" when the record has as many fields as the header, else what is wrong.
std::string WhyMalformed(const CsvRecord& record, size_t header_size);

// Fields as cells. Reused; one thread at a time.
class CsvCells {
 public:
  explicit CsvCells(features::TimestampUnit unit);
  ~CsvCells();
  CsvCells(CsvCells&&) noexcept;

  // Appends exactly one cell: null for an unquoted empty field, else the text as AppendScalar reads
  // it; lists, maps and vectors as JSON text.
  void Append(const CsvField& field, columns::ColumnBuffer* out);

 private:
  features::TimestampUnit unit_;
  std::unique_ptr<JsonText> json_;
};

}  // namespace millrace::sources
