// ReadSchema (event_reader.h): the columns of a source from its first file.
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "sources/arrow/arrow_cells.h"
#include "sources/arrow/parquet_file.h"
#include "sources/csv/csv_columns.h"
#include "sources/event_reader.h"
#include "sources/files/file_error.h"
#include "sources/files/file_list.h"

namespace millrace::sources {
namespace {

using columns::Type;
using features::Field;
using features::Source;

// What the definitions say about columns: ours -> where in the file, and the type if declared.
struct Declared {
  std::string path;
  std::optional<Type> type;
};

std::map<std::string, Declared> DeclaredOf(const Source& source) {
  std::map<std::string, Declared> declared;
  for (const auto& [name, path] : source.location.column_paths) declared[name].path = path;
  for (const Field& column : source.columns) {
    Declared& one = declared[column.name];
    if (one.path.empty()) one.path = column.name;
    // Known by its name alone (`rename`): the file says what it is.
    if (!column.type.is_null()) one.type = column.type;
  }
  return declared;
}

base::Status CheckCsv(const FileList& list, const Source& source) {
  const ListedFile& file = list.files.front();
  auto stream = list.filesystem->OpenInputStream(file.path);
  if (!stream.ok()) return FileError(stream.status(), "read", file.shown, base::codes::kIo);
  CsvDecoder decoder(*std::move(stream));
  auto header = decoder.Next();
  if (!header.ok()) return FileError(header.status(), "read", file.shown, base::codes::kIo);
  ARROW_RETURN_NOT_OK(CheckHeader(*header, file.shown).status());
  for (const auto& [name, declared] : DeclaredOf(source)) {
    ARROW_RETURN_NOT_OK(FindInHeader(**header, declared.path, file.shown).status());
  }
  return base::Status::OK();
}

// The type of a column that only the file knows; nothing for one that is left out.
base::Result<std::optional<Type>> OwnType(const arrow::Field& field, const std::string& file) {
  const auto type = Type::FromArrow(*field.type());
  if (type.ok()) return std::optional<Type>(*type);
  if (!arrow::is_decimal(field.type()->id())) return std::optional<Type>();
  return base::Error({.code = base::codes::kTypeMismatch,
                      .message = fmt::format("column '{}' of {} is {}; expected a type without "
                                             "decimals of its own",
                                             field.name(), file, field.type()->ToString()),
                      .hint = fmt::format("say what it is read as: `columns: {{{}: float64}}`, or "
                                          "string",
                                          field.name())});
}

base::Result<Field> DeclaredField(const ParquetFile& parquet, const std::string& name,
                                  const Declared& declared, const Source& source) {
  ARROW_ASSIGN_OR_RAISE(const ParquetColumn found, parquet.Find(declared.path));
  if (!declared.type.has_value()) {
    const arrow::Field field(declared.path, found.type);
    ARROW_ASSIGN_OR_RAISE(const std::optional<Type> type, OwnType(field, source.location.path));
    if (type.has_value()) return Field{name, *type};
    return Type::FromArrow(*found.type).status();
  }
  const base::Status readable = CheckReadable(*found.type, *declared.type, source.timestamp_unit);
  if (readable.ok()) return Field{name, *declared.type};
  base::Problem problem = base::ProblemsOf(readable).front();
  problem.message =
      fmt::format("column '{}' of {} {}", declared.path, source.location.path, problem.message);
  return base::Error(std::move(problem));
}

base::Result<std::vector<Field>> ParquetSchema(const FileList& list, const Source& source) {
  const ListedFile& file = list.files.front();
  ARROW_ASSIGN_OR_RAISE(const ParquetFile parquet, ParquetFile::Open(list, file));
  const std::map<std::string, Declared> declared = DeclaredOf(source);
  std::vector<Field> fields;
  std::vector<base::Problem> problems;
  std::map<std::string, bool> replaced;  // paths that are columns of ours
  for (const auto& [name, one] : declared) {
    replaced[one.path] = true;
    const auto field = DeclaredField(parquet, name, one, source);
    if (field.ok()) {
      fields.push_back(*field);
    } else {
      for (base::Problem& problem : base::ProblemsOf(field.status())) problems.push_back(problem);
    }
  }
  ARROW_ASSIGN_OR_RAISE(const arrow::FieldVector leaves, parquet.Leaves());
  for (const auto& leaf : leaves) {
    if (replaced.contains(leaf->name()) || declared.contains(leaf->name())) continue;
    const auto type = OwnType(*leaf, file.shown);
    if (!type.ok()) {
      for (base::Problem& problem : base::ProblemsOf(type.status())) problems.push_back(problem);
    } else if (type->has_value()) {
      fields.push_back({leaf->name(), **type});
    }
  }
  if (!problems.empty()) return base::Errors(std::move(problems));
  return fields;
}

}  // namespace

base::Result<std::vector<Field>> ReadSchema(const Source& source, const std::string& root) {
  ARROW_ASSIGN_OR_RAISE(const FileList list,
                        ListFiles(source.location.path, source.location.format, root));
  if (list.format == Format::kParquet) return ParquetSchema(list, source);
  if (list.format == Format::kArrow) {
    return base::Error(base::codes::kBadValue,
                       fmt::format("{}: a source is parquet, csv or json", source.location.path));
  }
  if (source.columns.empty()) {
    return base::Error({.code = base::codes::kMissingField,
                        .message = fmt::format("source '{}': CSV and JSON do not say the types of "
                                               "their columns",
                                               source.name),
                        .hint = "declare them: `columns: {name: type, …}`"});
  }
  if (list.format == Format::kCsv) ARROW_RETURN_NOT_OK(CheckCsv(list, source));
  return source.columns;
}

}  // namespace millrace::sources
