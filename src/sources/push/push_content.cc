#include "sources/push/push_content.h"

#include <arrow/filesystem/localfs.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "sources/arrow/parquet_file.h"
#include "sources/files/file_error.h"

namespace millrace::sources {
namespace {

constexpr int64_t kBatchRows = 65'536;

base::Result<ParquetFile> OpenCompacted(const ContentFile& file) {
  auto input = arrow::io::ReadableFile::Open(file.file.path);
  if (!input.ok()) return FileError(input.status(), "read", file.file.path, base::codes::kIo);
  return ParquetFile::Open(*std::move(input), file.file.path, {.threads = false});
}

base::Status Corrupt(std::string message) {
  return base::Error(base::codes::kCorrupt, std::move(message));
}

base::Result<ContentFile> OpenSegment(LogFile file, const std::string& source) {
  ContentFile content{std::move(file), {}, nullptr};
  ARROW_ASSIGN_OR_RAISE(content.segment, Segment::Read(content.file.path));
  const SegmentHeader& header = content.segment->header();
  if (header.source != source || header.writer != content.file.writer ||
      header.first_row != content.file.first) {
    return Corrupt(fmt::format("{} is by what it says itself row {} on of writer {}, source {}",
                               content.file.path, header.first_row, header.writer, header.source));
  }
  content.rows = {header.first_row, header.first_row + content.segment->rows() - 1};
  return content;
}

base::Status HasOtherRows(const ContentFile& file, int64_t rows) {
  return Corrupt(fmt::format("{} is damaged: it has {} rows", file.file.path, rows));
}

base::Status ReadFramesBackwards(const Segment& segment, const std::vector<std::string>& columns,
                                 const NewestTaker& take) {
  for (size_t i = segment.frames(); i-- > 0;) {
    ARROW_ASSIGN_OR_RAISE(const auto rows, segment.ReadFrame(i));
    std::vector<int> chosen;
    for (const std::string& column : columns) {
      const int index = rows->schema()->GetFieldIndex(column);
      if (index >= 0) chosen.push_back(index);
    }
    ARROW_ASSIGN_OR_RAISE(const auto selected, rows->SelectColumns(chosen));
    ARROW_ASSIGN_OR_RAISE(const bool more, take(*selected, segment.frame_first(i)));
    if (!more) break;
  }
  return base::Status::OK();
}

}  // namespace

std::string ReadersLockPath(const std::string& folder) {
  return folder + "/readers.lock";
}

base::Result<LogContent> OpenLog(const std::string& push, const std::string& source) {
  const std::string folder = PushLogFolder(push, source);
  LogContent content;
  ARROW_ASSIGN_OR_RAISE(content.lock, FileLock::Shared(ReadersLockPath(folder)));
  ARROW_ASSIGN_OR_RAISE(LogFiles found, ListLog(folder));
  std::string writer;
  int64_t next = 1;
  for (LogFile& file : found.files) {
    if (file.writer != writer) next = 1;
    writer = file.writer;
    if (file.first != next) {
      return Corrupt(fmt::format("{}: no file has the rows {} to {} of writer {}", folder, next,
                                 file.first - 1, writer));
    }
    ContentFile opened{file, {file.first, file.last.value_or(0)}, nullptr};
    if (!file.last.has_value()) {
      ARROW_ASSIGN_OR_RAISE(opened, OpenSegment(std::move(file), source));
    }
    next = opened.rows.last + 1;
    if (opened.rows.last >= opened.rows.first) content.files.push_back(std::move(opened));
  }
  return content;
}

base::Status ReadContent(const ContentFile& file, const BatchTaker& take) {
  if (file.segment != nullptr) {
    for (size_t i = 0; i < file.segment->frames(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const auto rows, file.segment->ReadFrame(i));
      ARROW_RETURN_NOT_OK(take(*rows, file.segment->frame_first(i)));
    }
    return base::Status::OK();
  }
  const std::string& shown = file.file.path;
  ARROW_ASSIGN_OR_RAISE(const ParquetFile parquet, OpenCompacted(file));
  std::vector<int> leaves(static_cast<size_t>(parquet.metadata()->num_columns()));
  std::iota(leaves.begin(), leaves.end(), 0);
  int64_t next = file.rows.first;
  for (int group = 0; group < parquet.metadata()->num_row_groups(); ++group) {
    ARROW_ASSIGN_OR_RAISE(const auto batches, parquet.ReadBatches(group, leaves, kBatchRows));
    while (true) {
      std::shared_ptr<arrow::RecordBatch> rows;
      ARROW_RETURN_NOT_OK(ParquetFence(shown, [&] { return batches->ReadNext(&rows); }));
      if (rows == nullptr) break;
      ARROW_RETURN_NOT_OK(take(*rows, next));
      next += rows->num_rows();
    }
  }
  if (next == file.rows.last + 1) return base::Status::OK();
  return HasOtherRows(file, next - file.rows.first);
}

base::Status ReadNewestFirst(const ContentFile& file, const std::vector<std::string>& columns,
                             const NewestTaker& take) {
  if (file.segment != nullptr) return ReadFramesBackwards(*file.segment, columns, take);
  ARROW_ASSIGN_OR_RAISE(const ParquetFile parquet, OpenCompacted(file));
  ARROW_ASSIGN_OR_RAISE(const arrow::FieldVector fields, parquet.Leaves());
  std::vector<int> leaves;
  for (const std::string& column : columns) {
    const bool there = std::any_of(fields.begin(), fields.end(),
                                   [&](const auto& field) { return field->name() == column; });
    if (!there) continue;
    ARROW_ASSIGN_OR_RAISE(const ParquetColumn found, parquet.Find(column));
    leaves.insert(leaves.end(), found.leaves.begin(), found.leaves.end());
  }
  const auto metadata = parquet.metadata();
  if (metadata->num_rows() != file.rows.last - file.rows.first + 1) {
    return HasOtherRows(file, metadata->num_rows());
  }
  int64_t next = file.rows.last + 1;
  for (int group = metadata->num_row_groups() - 1; group >= 0; --group) {
    ARROW_ASSIGN_OR_RAISE(const auto table, parquet.ReadGroup(group, leaves));
    next -= table->num_rows();
    ARROW_ASSIGN_OR_RAISE(const auto rows, table->CombineChunksToBatch());
    ARROW_ASSIGN_OR_RAISE(const bool more, take(*rows, next));
    if (!more) break;
  }
  return base::Status::OK();
}

base::Result<std::shared_ptr<arrow::Schema>> SchemaOf(const ContentFile& file) {
  if (file.segment != nullptr) return file.segment->header().schema;
  ARROW_ASSIGN_OR_RAISE(const ParquetFile parquet, OpenCompacted(file));
  ARROW_ASSIGN_OR_RAISE(arrow::FieldVector fields, parquet.Leaves());
  return arrow::schema(std::move(fields));
}

}  // namespace millrace::sources
