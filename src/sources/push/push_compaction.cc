#include "sources/push/push_compaction.h"

#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "sources/push/push_content.h"
#include "sources/push/push_file.h"
#include "sources/table_writer.h"

namespace millrace::sources {
namespace {

using Schema = std::shared_ptr<arrow::Schema>;

// Rows of several files as row groups of one.
class RowGroups {
 public:
  RowGroups(std::unique_ptr<TableWriter> writer, Schema schema)
      : writer_(std::move(writer)), schema_(std::move(schema)) {}

  base::Status Add(const arrow::RecordBatch& rows) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> fitted, Fit(rows));
    while (fitted->num_rows() > 0) {
      const int64_t take = std::min(kRowGroupRows - rows_, fitted->num_rows());
      waiting_.push_back(fitted->Slice(0, take));
      rows_ += take;
      fitted = fitted->Slice(take);
      if (rows_ == kRowGroupRows) ARROW_RETURN_NOT_OK(Write());
    }
    return base::Status::OK();
  }

  base::Status Commit() {
    ARROW_RETURN_NOT_OK(Write());
    return writer_->Commit();
  }

 private:
  // By name; a column that the rows do not have is null.
  base::Result<std::shared_ptr<arrow::RecordBatch>> Fit(const arrow::RecordBatch& rows) const {
    arrow::ArrayVector columns;
    for (const auto& field : schema_->fields()) {
      std::shared_ptr<arrow::Array> column = rows.GetColumnByName(field->name());
      if (column == nullptr) {
        ARROW_ASSIGN_OR_RAISE(column, arrow::MakeArrayOfNull(field->type(), rows.num_rows()));
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, rows.num_rows(), std::move(columns));
  }

  base::Status Write() {
    if (rows_ == 0) return base::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto group, arrow::ConcatenateRecordBatches(waiting_));
    waiting_.clear();
    rows_ = 0;
    return writer_->Write(*group);
  }

  const std::unique_ptr<TableWriter> writer_;
  const Schema schema_;
  arrow::RecordBatchVector waiting_;
  int64_t rows_ = 0;
};

base::Status WriteFiles(const std::string& path, const std::vector<ContentFile>& files,
                        const Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(auto writer, TableWriter::Open(path, schema));
  RowGroups groups(std::move(writer), schema);
  for (const ContentFile& file : files) {
    ARROW_RETURN_NOT_OK(ReadContent(
        file, [&](const arrow::RecordBatch& rows, int64_t) { return groups.Add(rows); }));
  }
  ARROW_RETURN_NOT_OK(base::Failpoint("log.compact.write"));
  return groups.Commit();
}

// Columns of both; nothing when a column has two types: such files stay apart.
std::optional<Schema> Joined(const Schema& newer, const Schema& older) {
  arrow::FieldVector fields = newer->fields();
  for (const auto& field : older->fields()) {
    const auto same = newer->GetFieldByName(field->name());
    if (same == nullptr) {
      fields.push_back(field);
    } else if (!same->type()->Equals(field->type())) {
      return std::nullopt;
    }
  }
  return arrow::schema(std::move(fields));
}

// From the newest backward, while a file is no larger than all newer ones together: so a row is
// written anew a logarithmic number of times.
base::Result<size_t> FirstToMerge(const std::vector<ContentFile>& small, Schema* schema) {
  size_t first = small.size() - 1;
  ARROW_ASSIGN_OR_RAISE(*schema, SchemaOf(small[first]));
  int64_t bytes = small[first].file.bytes;
  while (first > 0) {
    const ContentFile& next = small[first - 1];
    const bool adjoins = next.rows.last + 1 == small[first].rows.first;
    if (!adjoins || (next.file.bytes > bytes && small.size() - first >= 2)) break;
    ARROW_ASSIGN_OR_RAISE(const Schema older, SchemaOf(next));
    const auto joined = Joined(*schema, older);
    if (!joined.has_value()) break;
    *schema = *joined;
    bytes += next.file.bytes;
    --first;
  }
  return first;
}

}  // namespace

base::Status CompactSegment(const std::string& folder,
                            const std::shared_ptr<const Segment>& segment) {
  const SegmentHeader& header = segment->header();
  const RowRange rows{header.first_row, header.first_row + segment->rows() - 1};
  ContentFile file;
  file.file.path = segment->shown();
  file.rows = rows;
  file.segment = segment;
  return WriteFiles(CompactedPath(folder, {header.writer, rows}), {std::move(file)}, header.schema);
}

base::Status MergeSmall(const std::string& folder, const std::string& writer,
                        const MergeRule& rule) {
  ARROW_ASSIGN_OR_RAISE(const LogFiles found, ListLog(folder));
  std::vector<ContentFile> small;
  for (const LogFile& file : found.files) {
    if (file.writer != writer || !file.last.has_value() || file.bytes >= rule.bytes_max) continue;
    small.push_back({file, {file.first, *file.last}, nullptr});
  }
  if (small.size() <= static_cast<size_t>(rule.files_max)) return base::Status::OK();
  Schema schema;
  ARROW_ASSIGN_OR_RAISE(const size_t first, FirstToMerge(small, &schema));
  if (first + 1 >= small.size()) return base::Status::OK();
  const RowRange rows{small[first].rows.first, small.back().rows.last};
  small.erase(small.begin(), small.begin() + static_cast<std::ptrdiff_t>(first));
  return WriteFiles(CompactedPath(folder, {writer, rows}), small, schema);
}

base::Status RemoveCovered(const std::string& folder, const std::string& writer) {
  ARROW_RETURN_NOT_OK(base::Failpoint("log.compact.remove"));
  ARROW_ASSIGN_OR_RAISE(const auto alone, FileLock::TryExclusive(ReadersLockPath(folder)));
  if (alone == nullptr) return base::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const LogFiles found, ListLog(folder));
  for (const LogFile& file : found.covered) {
    if (file.writer != writer) continue;
    if (::unlink(file.path.c_str()) != 0 && errno != ENOENT) {
      return ErrnoError(errno, "remove", file.path);
    }
  }
  return base::Status::OK();
}

}  // namespace millrace::sources
