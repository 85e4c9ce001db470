#include "sources/csv/csv_columns.h"

#include <fmt/format.h>

#include <vector>

#include "sources/cells/cell_text.h"
#include "sources/json/json_cell.h"

namespace millrace::sources {

base::Result<size_t> CheckHeader(const CsvRecord* header, std::string_view file) {
  if (header == nullptr) {
    return base::Error(
        base::codes::kCorrupt,
        fmt::format("{} is empty; expected a line with the names of the columns", file));
  }
  if (!header->malformed.empty()) {
    return base::Error(base::codes::kCorrupt,
                       fmt::format("{}: the line of names has {}", file, header->malformed));
  }
  return header->fields.size();
}

base::Result<size_t> FindInHeader(const CsvRecord& header, std::string_view name,
                                  std::string_view file) {
  std::vector<std::string> names;
  size_t found = header.fields.size();
  for (size_t i = 0; i < header.fields.size(); ++i) {
    names.emplace_back(header.fields[i].text);
    if (names.back() != name) continue;
    if (found < header.fields.size()) {
      return base::Error(base::codes::kDuplicate,
                         fmt::format("{} has two columns named '{}'", file, name));
    }
    found = i;
  }
  if (found < header.fields.size()) return found;
  return base::Error({.code = base::codes::kMissingColumn,
                      .message = fmt::format("{} has no column '{}'; its columns are {}", file,
                                             name, fmt::join(names, ", ")),
                      .hint = base::NearestHint(name, names)});
}

std::string WhyMalformed(const CsvRecord& record, size_t header_size) {
  if (!record.malformed.empty()) return record.malformed;
  if (record.fields.size() == header_size) return "";
  return fmt::format("{} field{}, expected {}", record.fields.size(),
                     record.fields.size() == 1 ? "" : "s", header_size);
}

CsvCells::CsvCells(features::TimestampUnit unit)
    : unit_(unit), json_(std::make_unique<JsonText>(unit)) {}
CsvCells::~CsvCells() = default;
CsvCells::CsvCells(CsvCells&&) noexcept = default;

void CsvCells::Append(const CsvField& field, columns::ColumnBuffer* out) {
  if (field.is_null()) return out->AppendNull();
  const columns::Physical physical = out->type().physical();
  if (physical != columns::Physical::kList && physical != columns::Physical::kMap) {
    return AppendScalar(field.text, unit_, out);
  }
  json_->Append(field.text, out);
}

}  // namespace millrace::sources
