// CSV by hand, so that a case can hold what no table can; Parquet through Arrow.
#include "engines/event_files.h"

#include <arrow/array/array_base.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "columns/arrow_column.h"
#include "sources/table_file.h"

namespace millrace::engines {
namespace {

using base::Status;
using columns::Kind;
using columns::Physical;

std::string CsvQuoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::string JsonText(const Value& value, const Type& type) {
  if (value.is_null()) return "null";
  switch (type.physical()) {
    case Physical::kList: {
      std::string text = "[";
      for (const Value& element : value.as_list()) {
        if (text.size() > 1) text += ", ";
        text += JsonText(element, type.element());
      }
      return text + "]";
    }
    case Physical::kMap: {
      std::string text = "{";
      for (const auto& [key, element] : value.as_map()) {
        if (text.size() > 1) text += ", ";
        text += nlohmann::json(columns::ToText(key, type.key())).dump() + ": " +
                JsonText(element, type.element());
      }
      return text + "}";
    }
    case Physical::kFloat: {
      const std::string text = columns::ToText(value, type);
      return text.find_first_of("NI") == std::string::npos ? text : nlohmann::json(text).dump();
    }
    case Physical::kBool:
      return columns::ToText(value, type);
    default:
      return type.is_integer() ? columns::ToText(value, type)
                               : nlohmann::json(columns::ToText(value, type)).dump();
  }
}

namespace {

std::string CsvCell(const EventCell& cell, const Type& type) {
  if (cell.cell == columns::kNullCell) return "";
  const Physical physical = type.physical();
  if (physical == Physical::kList || physical == Physical::kMap) {
    return CsvQuoted(cell.cell == columns::kBadCast ? cell.text : JsonText(cell.value, type));
  }
  return physical == Physical::kString ? CsvQuoted(cell.text) : cell.text;
}

Status WriteCsv(const EventTable& table, const std::vector<size_t>& rows, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  for (size_t i = 0; i < table.columns.size(); ++i) {
    out << (i == 0 ? "" : ",") << CsvQuoted(table.file_columns[i]);
  }
  out << "\n";
  for (const size_t row : rows) {
    std::string line;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      line += (i == 0 ? "" : ",") + CsvCell(table.rows[row][i], table.columns[i].type);
    }
    out << line << "\n";
  }
  out.close();
  return out ? Status::OK() : Status::IOError("cannot write ", path);
}

Status WriteParquet(const EventTable& table, const std::vector<size_t>& rows,
                    const std::string& path) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    Type type = table.columns[i].type;
    bool wrong_length = false;
    for (const auto& cells : table.rows) {
      wrong_length = wrong_length || cells[i].cell == columns::kVectorLength;
    }
    if (wrong_length) type = Type::List(type.element());
    columns::ColumnBuffer buffer(type);
    for (const size_t row : rows) buffer.AppendValue(table.rows[row][i].value);
    ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(buffer.View()));
    fields.push_back(arrow::field(table.file_columns[i], array->type()));
    arrays.push_back(std::move(array));
  }
  const auto arrow_table = arrow::Table::Make(arrow::schema(std::move(fields)), arrays);
  return sources::WriteTable(path, *arrow_table);
}

}  // namespace

bool CanHold(const EventTable& table, const std::string& format) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (format == "csv" && table.columns[i].type.kind() == Kind::kBytes) return false;
    for (const auto& row : table.rows) {
      if (format == "parquet" && row[i].cell == columns::kBadCast) return false;
    }
  }
  return true;
}

std::string JsonRow(const EventTable& table, size_t row) {
  std::string text = "{";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const EventCell& cell = table.rows[row][i];
    const Type& type = table.columns[i].type;
    const bool as_written = type.physical() == Physical::kString || type.kind() == Kind::kTimestamp;
    text += (i == 0 ? "" : ", ") + nlohmann::json(table.file_columns[i]).dump() + ": ";
    if (cell.cell == columns::kNullCell) {
      text += "null";
    } else {
      text += as_written ? nlohmann::json(cell.text).dump() : JsonText(cell.value, type);
    }
  }
  return text + "}";
}

Status WriteEventFile(const EventTable& table, const std::vector<size_t>& rows,
                      const std::string& path) {
  return path.ends_with(".csv") ? WriteCsv(table, rows, path) : WriteParquet(table, rows, path);
}

Status WriteEventFiles(const EventTable& table, const Variation& variation,
                       const std::string& folder) {
  for (int file = 0; file < variation.files; ++file) {
    std::vector<size_t> rows;
    for (size_t row = 0; row < table.rows.size(); ++row) {
      if (static_cast<int>(row) % variation.files == file) rows.push_back(row);
    }
    const std::string path =
        folder + "/" + table.source + "-" + std::to_string(file) + "." + variation.format;
    ARROW_RETURN_NOT_OK(WriteEventFile(table, rows, path));
  }
  return Status::OK();
}

}  // namespace millrace::engines
