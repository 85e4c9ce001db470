#include "sources/arrow/parquet_file.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <exception>
#include <utility>

#include "sources/files/file_error.h"

namespace millrace::sources {
namespace {

using parquet::arrow::SchemaField;

void AddLeaves(const SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const SchemaField& child : field.children) AddLeaves(child, leaves);
}

bool IsStruct(const SchemaField& field) {
  return field.field->type()->id() == arrow::Type::STRUCT;
}

// The fields that `path` leads to; several when names are not unique.
void Follow(const std::vector<SchemaField>& fields, std::string_view path,
            std::vector<std::string>* names, std::vector<ParquetColumn>* found) {
  for (const SchemaField& field : fields) {
    const std::string& name = field.field->name();
    if (!path.starts_with(name)) continue;
    names->push_back(name);
    if (path.size() == name.size()) {
      ParquetColumn column{*names, field.field->type(), {}};
      AddLeaves(field, &column.leaves);
      found->push_back(std::move(column));
    } else if (path[name.size()] == '.' && IsStruct(field)) {
      Follow(field.children, path.substr(name.size() + 1), names, found);
    }
    names->pop_back();
  }
}

void AddPaths(const arrow::FieldVector& fields, const std::string& prefix,
              arrow::FieldVector* paths) {
  for (const auto& field : fields) {
    const std::string path = prefix + field->name();
    if (field->type()->id() == arrow::Type::STRUCT) {
      AddPaths(field->type()->fields(), path + ".", paths);
    } else {
      paths->push_back(arrow::field(path, field->type()));
    }
  }
}

}  // namespace

base::Status ParquetFence(const std::string& shown, const std::function<arrow::Status()>& call) {
  arrow::Status status;
  try {
    status = call();
  } catch (const std::exception& thrown) {
    status = arrow::Status::Invalid(thrown.what());
  }
  if (status.ok()) return status;
  const base::Code otherwise = status.IsNotImplemented() ? base::codes::kIo : base::codes::kCorrupt;
  return FileError(status, "read", shown, otherwise);
}

ParquetFile::ParquetFile(std::unique_ptr<parquet::arrow::FileReader> reader, std::string shown)
    : reader_(std::move(reader)), shown_(std::move(shown)) {}

base::Result<ParquetFile> ParquetFile::Open(const FileList& list, const ListedFile& file) {
  auto opened = list.filesystem->OpenInputFile(file.path);
  if (!opened.ok()) return FileError(opened.status(), "read", file.shown, base::codes::kIo);
  return Open(*std::move(opened), file.shown, {.remote = !list.local});
}

base::Result<ParquetFile> ParquetFile::Open(std::shared_ptr<arrow::io::RandomAccessFile> input,
                                            const std::string& shown,
                                            const ParquetOpening& opening) {
  std::unique_ptr<parquet::arrow::FileReader> reader;
  ARROW_RETURN_NOT_OK(ParquetFence(shown, [&]() -> arrow::Status {
    parquet::ReaderProperties properties;
    properties.set_page_checksum_verification(true);
    parquet::ArrowReaderProperties arrow_properties;
    arrow_properties.set_use_threads(opening.threads);
    arrow_properties.set_pre_buffer(opening.remote);
    // The old 96-bit times reach further than 64 bits of nanoseconds.
    arrow_properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
    for (const int leaf : opening.dictionaries) arrow_properties.set_read_dictionary(leaf, true);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(std::move(input), properties, opening.metadata));
    builder.properties(arrow_properties);
    return builder.Build().Value(&reader);
  }));
  ParquetFile parquet(std::move(reader), shown);
  ARROW_RETURN_NOT_OK(
      ParquetFence(shown, [&] { return parquet.reader_->GetSchema(&parquet.schema_); }));
  return parquet;
}

base::Result<ParquetColumn> ParquetFile::Find(const std::string& path) const {
  std::vector<std::string> names;
  std::vector<ParquetColumn> found;
  // The very name comes before the way through structs.
  for (const SchemaField& field : reader_->manifest().schema_fields) {
    if (field.field->name() != path) continue;
    found.push_back({{path}, field.field->type(), {}});
    AddLeaves(field, &found.back().leaves);
  }
  if (found.empty()) Follow(reader_->manifest().schema_fields, path, &names, &found);
  if (found.size() == 1) return std::move(found.front());
  if (found.size() > 1) {
    return base::Error(base::codes::kDuplicate,
                       fmt::format("{} has {} columns named '{}'", shown_, found.size(), path));
  }
  ARROW_ASSIGN_OR_RAISE(const arrow::FieldVector paths, Leaves());
  for (const auto& field : paths) names.push_back(field->name());
  return base::Error({.code = base::codes::kMissingColumn,
                      .message = fmt::format("{} has no column '{}'; its columns are {}", shown_,
                                             path, fmt::join(names, ", ")),
                      .hint = base::NearestHint(path, names)});
}

base::Result<arrow::FieldVector> ParquetFile::Leaves() const {
  arrow::FieldVector paths;
  AddPaths(schema_->fields(), "", &paths);
  return paths;
}

std::shared_ptr<parquet::FileMetaData> ParquetFile::metadata() const {
  return reader_->parquet_reader()->metadata();
}

base::Result<std::shared_ptr<arrow::Table>> ParquetFile::ReadGroup(
    int row_group, const std::vector<int>& leaves) const {
  std::shared_ptr<arrow::Table> table;
  ARROW_RETURN_NOT_OK(
      ParquetFence(shown_, [&] { return reader_->ReadRowGroup(row_group, leaves).Value(&table); }));
  return table;
}

base::Result<std::unique_ptr<arrow::RecordBatchReader>> ParquetFile::ReadBatches(
    int row_group, const std::vector<int>& leaves, int64_t rows_max) const {
  std::unique_ptr<arrow::RecordBatchReader> batches;
  reader_->set_batch_size(rows_max);
  ARROW_RETURN_NOT_OK(ParquetFence(
      shown_, [&] { return reader_->GetRecordBatchReader({row_group}, leaves).Value(&batches); }));
  return batches;
}

base::Result<std::shared_ptr<arrow::Table>> ParquetFile::ReadAll() const {
  std::shared_ptr<arrow::Table> table;
  ARROW_RETURN_NOT_OK(ParquetFence(shown_, [&] { return reader_->ReadTable().Value(&table); }));
  return table;
}

}  // namespace millrace::sources
