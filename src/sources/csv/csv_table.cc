#include "sources/csv/csv_table.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "columns/arrow_column.h"
#include "sources/cells/shown_text.h"
#include "sources/cells/type_guess.h"
#include "sources/csv/csv_columns.h"
#include "sources/files/file_error.h"

namespace millrace::sources {
namespace {

using columns::ColumnBuffer;
using columns::Type;

// Calls `see` for each row. A table has no row to spare: a malformed one is an error.
template <typename See>
base::Status ForEachRow(const std::string& path, std::vector<std::string>* names, See see) {
  auto stream = arrow::io::ReadableFile::Open(path);
  if (!stream.ok()) return FileError(stream.status(), "read", path, base::codes::kIo);
  CsvDecoder decoder(*std::move(stream));
  while (true) {
    auto next = decoder.Next();
    if (!next.ok()) {
      return base::AtPlace(FileError(next.status(), "read", path, base::codes::kIo),
                           {.file = path});
    }
    const CsvRecord* record = *next;
    if (names->empty()) {
      ARROW_RETURN_NOT_OK(CheckHeader(record, path).status());
      for (const CsvField& field : record->fields) names->emplace_back(field.text);
      continue;
    }
    if (record == nullptr) return base::Status::OK();
    if (record->blank && names->size() > 1) continue;
    if (const std::string why = WhyMalformed(*record, names->size()); !why.empty()) {
      return base::Error({.code = base::codes::kBadValue,
                          .message = why,
                          .place = {.file = path, .line = static_cast<int>(record->line)}});
    }
    ARROW_RETURN_NOT_OK(see(*record));
  }
}

base::Status CheckNames(const std::vector<std::string>& names, const std::string& path) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (seen.insert(name).second) continue;
    return base::Error(base::codes::kDuplicate,
                       fmt::format("{} has two columns named '{}'", path, name));
  }
  return base::Status::OK();
}

base::Result<std::vector<Type>> TypesOf(const std::string& path,
                                        const std::map<std::string, Type>& types) {
  std::vector<std::string> names;
  std::vector<TypeGuess> guesses;
  ARROW_RETURN_NOT_OK(ForEachRow(path, &names, [&](const CsvRecord& record) {
    guesses.resize(record.fields.size());
    for (size_t i = 0; i < record.fields.size(); ++i) {
      const CsvField& field = record.fields[i];
      if (!field.is_null() && !types.contains(names[i])) guesses[i].See(field.text, field.quoted);
    }
    return base::Status::OK();
  }));
  ARROW_RETURN_NOT_OK(CheckNames(names, path));
  guesses.resize(names.size());
  std::vector<Type> all;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto declared = types.find(names[i]);
    all.push_back(declared != types.end() ? declared->second : guesses[i].type());
  }
  return all;
}

// A column's cells in chunks, for a string column has at most 2 GiB in one.
constexpr int64_t kChunkRows = 1 << 20;

// What the reader has so far of each column.
struct Columns {
  explicit Columns(const std::vector<Type>& types) : chunks(types.size()) {
    for (const Type& type : types) buffers.emplace_back(type);
  }
  base::Status Close() {
    for (size_t i = 0; i < buffers.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(buffers[i].View()));
      chunks[i].push_back(std::move(array));
      buffers[i].Clear();
    }
    return base::Status::OK();
  }
  std::vector<ColumnBuffer> buffers;
  std::vector<arrow::ArrayVector> chunks;
};

base::Status BadCell(const std::string& path, int64_t line, const std::string& name,
                     const CsvField& field, const Type& type) {
  return base::Error({.code = base::codes::kBadValue,
                      .message = fmt::format("column '{}': '{}' does not read as {}", name,
                                             ShownText(field.text), type.ToString()),
                      .place = {.file = path, .line = static_cast<int>(line)}});
}

}  // namespace

base::Result<std::shared_ptr<arrow::Table>> ReadCsv(const std::string& path,
                                                    const std::map<std::string, Type>& types) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<Type> all, TypesOf(path, types));
  std::vector<std::string> names;
  Columns columns(all);
  CsvCells cells(features::TimestampUnit::kNone);
  ARROW_RETURN_NOT_OK(ForEachRow(path, &names, [&](const CsvRecord& record) {
    for (size_t i = 0; i < record.fields.size(); ++i) {
      ColumnBuffer* buffer = &columns.buffers[i];
      cells.Append(record.fields[i], buffer);
      if (buffer->cells()[buffer->size() - 1] > columns::kValid) {
        return BadCell(path, record.line, names[i], record.fields[i], all[i]);
      }
    }
    return columns.buffers[0].size() < kChunkRows ? base::Status::OK() : columns.Close();
  }));
  ARROW_RETURN_NOT_OK(columns.Close());
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector arrays;
  for (size_t i = 0; i < names.size(); ++i) {
    fields.push_back(arrow::field(names[i], all[i].ToArrow()));
    arrays.push_back(
        std::make_shared<arrow::ChunkedArray>(std::move(columns.chunks[i]), fields[i]->type()));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays));
}

}  // namespace millrace::sources
