#include "sources/push/push_log_writer.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "sources/arrow/canonical_floats.h"
#include "sources/files/whole_file.h"
#include "sources/push/push_compaction.h"
#include "sources/push/push_content.h"
#include "sources/push/push_file.h"
#include "sources/push/push_segment.h"

namespace millrace::sources {
namespace {

using Schema = std::shared_ptr<arrow::Schema>;

std::shared_ptr<arrow::DataType> ReceivedType() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

base::Result<Schema> SourceSchema(const features::Source& source) {
  arrow::FieldVector fields;
  for (const features::Field& column : source.columns) {
    if (column.name == kReceivedColumn || column.name == kToColumn ||
        column.name == kRequestColumn) {
      return base::Error(base::codes::kBadValue,
                         fmt::format("source '{}' has a column '{}', which is what a push log "
                                     "calls one of its own",
                                     source.name, column.name));
    }
    fields.push_back(arrow::field(column.name, column.type.ToArrow()));
  }
  return arrow::schema(std::move(fields));
}

Schema LogSchema(const Schema& source) {
  arrow::FieldVector fields = source->fields();
  fields.push_back(arrow::field(std::string(kReceivedColumn), ReceivedType()));
  fields.push_back(arrow::field(std::string(kToColumn), arrow::uint8()));
  fields.push_back(arrow::field(std::string(kRequestColumn), arrow::utf8()));
  return arrow::schema(std::move(fields));
}

// What a writer that was killed left of files that never appeared.
void RemoveHidden(const std::string& folder, const std::string& writer) {
  std::error_code ignored;
  std::filesystem::directory_iterator entry(folder, ignored);
  for (; !ignored && entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with("." + writer + "-") && name.ends_with(".tmp")) {
      ::unlink(entry->path().c_str());
    }
  }
}

// When the segment's first row came; nothing while it has none.
base::Result<std::optional<base::EventTime>> FirstReceived(const Segment& segment) {
  if (segment.frames() == 0) return std::optional<base::EventTime>();
  ARROW_ASSIGN_OR_RAISE(const auto rows, segment.ReadFrame(0));
  const auto received = rows->GetColumnByName(std::string(kReceivedColumn));
  if (received == nullptr || !received->type()->Equals(*ReceivedType()) || received->IsNull(0)) {
    return base::Error(base::codes::kCorrupt,
                       fmt::format("{} does not say when its rows came", segment.shown()));
  }
  ARROW_ASSIGN_OR_RAISE(const auto first, received->GetScalar(0));
  return std::optional(
      base::EventTime::Micros(static_cast<const arrow::TimestampScalar&>(*first).value));
}

class LogWriter final : public PushLogWriter {
 public:
  LogWriter(std::string push, const features::Source& source, const PushLogOptions& options)
      : push_(std::move(push)),
        source_(source.name),
        folder_(PushLogFolder(push_, source.name)),
        options_(options) {}

  base::Status Open(const features::Source& source) {
    ARROW_ASSIGN_OR_RAISE(schema_, SourceSchema(source));
    log_schema_ = LogSchema(schema_);
    ARROW_ASSIGN_OR_RAISE(writer_, PushWriter(push_));
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) return ErrnoError(error.value(), "write", folder_);
    ARROW_RETURN_NOT_OK(Lock());
    RemoveHidden(folder_, writer_);
    ARROW_RETURN_NOT_OK(RemoveCovered(folder_, writer_));
    return Recover();
  }

  const Schema& schema() const override { return schema_; }
  const std::string& writer() const override { return writer_; }
  int64_t next_row() const override { return next_row_; }

  base::Result<int64_t> Append(std::span<const PushRows> batches) override {
    arrow::RecordBatchVector rows;
    for (const PushRows& batch : batches) {
      if (batch.rows->num_rows() == 0) continue;
      ARROW_ASSIGN_OR_RAISE(rows.emplace_back(), LogRows(batch));
    }
    if (rows.empty()) return next_row_;
    ARROW_ASSIGN_OR_RAISE(const auto together, arrow::ConcatenateRecordBatches(rows));
    ARROW_ASSIGN_OR_RAISE(const std::string frame, EncodeFrame(*together, next_row_));
    if (segment_ == nullptr) ARROW_RETURN_NOT_OK(StartSegment());
    ARROW_RETURN_NOT_OK(segment_->Append(frame, options_.durability == Durability::kPower));
    if (!first_received_.has_value()) {
      for (const PushRows& batch : batches) {
        if (batch.rows->num_rows() == 0) continue;
        first_received_ = batch.received;
        break;
      }
    }
    const int64_t first = next_row_;
    next_row_ += together->num_rows();
    return first;
  }

  base::Result<bool> CompactIfDue(base::EventTime now) override {
    const bool has_rows = segment_ != nullptr && first_received_.has_value();
    const bool due = unfinished_ || (has_rows && IsDue(now));
    if (due) ARROW_RETURN_NOT_OK(Compact());
    return due;
  }

  base::Status Compact() override {
    if (segment_ != nullptr) ARROW_RETURN_NOT_OK(segment_->status());
    // From here on nothing is appended to it: what is compacted is what it has.
    if (first_received_.has_value()) segment_.reset();
    first_received_.reset();
    unfinished_ = true;
    ARROW_ASSIGN_OR_RAISE(const LogFiles found, ListLog(folder_));
    for (const LogFile& file : found.files) {
      if (file.writer != writer_ || file.last.has_value()) continue;
      if (segment_ != nullptr && segment_->path() == file.path) continue;
      ARROW_ASSIGN_OR_RAISE(const auto segment, Segment::Read(file.path));
      if (segment->rows() > 0) ARROW_RETURN_NOT_OK(CompactSegment(folder_, segment));
    }
    ARROW_RETURN_NOT_OK(
        MergeSmall(folder_, writer_,
                   {.files_max = options_.files_max, .bytes_max = options_.segment_bytes_max}));
    ARROW_RETURN_NOT_OK(RemoveCovered(folder_, writer_));
    unfinished_ = false;
    return base::Status::OK();
  }

 private:
  base::Status Lock() {
    const std::string path = folder_ + "/" + writer_ + ".lock";
    ARROW_ASSIGN_OR_RAISE(lock_, FileLock::TryExclusive(path));
    if (lock_ != nullptr) return base::Status::OK();
    std::string owner = ReadSmallFile(path).ValueOr("");
    while (owner.ends_with('\n')) owner.pop_back();
    return base::Error(
        {.code = base::codes::kConflict,
         .message = fmt::format("the push log of source '{}' is written by process {}", source_,
                                owner.empty() ? "?" : owner),
         .hint = "push through that process, or end it"});
  }

  // Of a segment that has rows. A test does not wait until it is old: there the failpoint says so.
  bool IsDue(base::EventTime now) const {
    return segment_->bytes() >= options_.segment_bytes_max ||
           now - *first_received_ >= options_.segment_age_max ||
           !base::Failpoint("log.compact.due").ok();
  }

  // Where the log ends, and the segment that goes on there, if it has these columns.
  base::Status Recover() {
    ARROW_ASSIGN_OR_RAISE(LogFiles found, ListLog(folder_));
    std::erase_if(found.files, [&](const LogFile& file) { return file.writer != writer_; });
    for (const LogFile& file : found.files) {
      if (file.first != next_row_) {
        return base::Error(base::codes::kCorrupt,
                           fmt::format("{}: no file has the rows {} to {} of writer {}", folder_,
                                       next_row_, file.first - 1, writer_));
      }
      if (file.last.has_value()) {
        next_row_ = *file.last + 1;
      } else {
        ARROW_RETURN_NOT_OK(RecoverSegment(file, &file == &found.files.back()));
      }
    }
    return base::Status::OK();
  }

  base::Status RecoverSegment(const LogFile& file, bool newest) {
    ARROW_ASSIGN_OR_RAISE(const auto segment, Segment::Read(file.path));
    next_row_ += segment->rows();
    const bool same = segment->header().schema->Equals(*log_schema_);
    segment_.reset();
    // Opening it cuts off a torn frame, also where another segment follows.
    ARROW_ASSIGN_OR_RAISE(segment_, GrowingFile::Open(file.path, segment->whole_bytes()));
    ARROW_ASSIGN_OR_RAISE(first_received_, FirstReceived(*segment));
    if (same && newest) return base::Status::OK();
    segment_.reset();
    if (first_received_.has_value()) unfinished_ = true;
    first_received_.reset();
    return base::Status::OK();
  }

  base::Status StartSegment() {
    const std::string path = SegmentPath(folder_, writer_, next_row_);
    ARROW_ASSIGN_OR_RAISE(const std::string header,
                          EncodeSegmentHeader({source_, writer_, next_row_, log_schema_}));
    ARROW_RETURN_NOT_OK(WriteText(path, header));
    ARROW_ASSIGN_OR_RAISE(segment_, GrowingFile::Open(path, static_cast<int64_t>(header.size())));
    return base::Status::OK();
  }

  base::Result<std::shared_ptr<arrow::RecordBatch>> LogRows(const PushRows& batch) const {
    const int64_t size = batch.rows->num_rows();
    if (!batch.rows->schema()->Equals(*schema_, false)) {
      return base::Error(
          base::codes::kInternal,
          fmt::format("the push log of '{}' has columns {}, and was given {}", source_,
                      schema_->ToString(), batch.rows->schema()->ToString()));
    }
    ARROW_ASSIGN_OR_RAISE(const auto canonical, CanonicalFloats(*batch.rows));
    arrow::ArrayVector columns = canonical->columns();
    const arrow::TimestampScalar received(batch.received.micros(), ReceivedType());
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), arrow::MakeArrayFromScalar(received, size));
    const arrow::UInt8Scalar to(static_cast<uint8_t>(batch.to));
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), arrow::MakeArrayFromScalar(to, size));
    if (batch.request_id.has_value()) {
      const arrow::StringScalar id(*batch.request_id);
      ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), arrow::MakeArrayFromScalar(id, size));
    } else {
      ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), arrow::MakeArrayOfNull(arrow::utf8(), size));
    }
    return arrow::RecordBatch::Make(log_schema_, size, std::move(columns));
  }

  const std::string push_;
  const std::string source_;
  const std::string folder_;
  const PushLogOptions options_;
  std::string writer_;
  std::unique_ptr<FileLock> lock_;
  Schema schema_;
  Schema log_schema_;
  int64_t next_row_ = 1;
  std::unique_ptr<GrowingFile> segment_;           // that is appended to; nullptr: a new one is due
  std::optional<base::EventTime> first_received_;  // of segment_; nothing while it has no rows
  bool unfinished_ = false;  // a segment waits that nothing is appended to any more
};

}  // namespace

base::Result<std::unique_ptr<PushLogWriter>> PushLogWriter::Open(const std::string& push,
                                                                 const features::Source& source,
                                                                 const PushLogOptions& options) {
  auto writer = std::make_unique<LogWriter>(push, source, options);
  ARROW_RETURN_NOT_OK(writer->Open(source));
  return writer;
}

}  // namespace millrace::sources
