#include "sources/push/push_segment.h"

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/hash.h"
#include "sources/files/file_error.h"

namespace millrace::sources {
namespace {

constexpr std::string_view kMagic = "MRPUSHLG";
constexpr uint32_t kVersion = 1;
// Of the segment's header before its payload, and of a frame before its own: payloads begin at
// multiples of 8, as Arrow wants its buffers.
constexpr int64_t kHeadBytes = 24;
constexpr int64_t kAlignment = 8;
constexpr int64_t kSectorBytes = 512;

std::string_view ViewOf(const arrow::Buffer& bytes, int64_t offset, int64_t size) {
  return {reinterpret_cast<const char*>(bytes.data()) + offset, static_cast<size_t>(size)};
}

// Of a frame's head: with the place that the frame is for, so that a moved frame is no frame.
uint64_t HeadHash(std::string_view head, int64_t first_row) {
  base::ByteWriter checked;
  checked.Raw(head.data(), head.size());
  checked.Fixed64(static_cast<uint64_t>(first_row));
  return base::Hash64(checked.bytes());
}

bool IsZero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

base::Result<SegmentHeader> HeaderOf(std::string_view payload) {
  base::ByteReader in(payload);
  SegmentHeader header;
  ARROW_ASSIGN_OR_RAISE(header.source, in.String());
  ARROW_ASSIGN_OR_RAISE(header.writer, in.String());
  ARROW_ASSIGN_OR_RAISE(const uint64_t first, in.Fixed64());
  header.first_row = static_cast<int64_t>(first);
  ARROW_ASSIGN_OR_RAISE(const std::string_view schema, in.String());
  arrow::io::BufferReader stream(arrow::Buffer::FromString(std::string(schema)));
  arrow::ipc::DictionaryMemo dictionaries;
  ARROW_ASSIGN_OR_RAISE(header.schema, arrow::ipc::ReadSchema(&stream, &dictionaries));
  ARROW_ASSIGN_OR_RAISE(const std::string_view rest, in.Raw(in.remaining()));
  if (header.first_row < 1 || !IsZero(rest) || rest.size() >= kAlignment) {
    return arrow::Status::Invalid("its header is none");
  }
  for (const auto& field : header.schema->fields()) {
    if (field->type()->id() == arrow::Type::DICTIONARY) {
      return arrow::Status::Invalid("column ", field->name(), " is a dictionary");
    }
  }
  return header;
}

}  // namespace

base::Result<std::string> EncodeSegmentHeader(const SegmentHeader& header) {
  ARROW_ASSIGN_OR_RAISE(const auto schema, arrow::ipc::SerializeSchema(*header.schema));
  base::ByteWriter payload;
  payload.String(header.source);
  payload.String(header.writer);
  payload.Fixed64(static_cast<uint64_t>(header.first_row));
  payload.String(ViewOf(*schema, 0, schema->size()));
  while (payload.bytes().size() % kAlignment != 0) payload.U8(0);
  base::ByteWriter out;
  out.Raw(kMagic.data(), kMagic.size());
  out.Fixed32(kVersion);
  out.Fixed32(static_cast<uint32_t>(payload.bytes().size()));
  out.Fixed64(base::Hash64(payload.bytes()));
  out.Raw(payload.bytes().data(), payload.bytes().size());
  return out.Take();
}

base::Result<std::string> EncodeFrame(const arrow::RecordBatch& rows, int64_t first_row) {
  ARROW_ASSIGN_OR_RAISE(const auto payload, arrow::ipc::SerializeRecordBatch(
                                                rows, arrow::ipc::IpcWriteOptions::Defaults()));
  if (payload->size() > kFrameBytesMax) {
    return base::Error({.code = base::codes::kBadValue,
                        .message = fmt::format("{} rows of {} bytes are too many at once: at most "
                                               "{} bytes",
                                               rows.num_rows(), payload->size(), kFrameBytesMax),
                        .hint = "push them in pieces"});
  }
  base::ByteWriter out;
  out.Fixed32(static_cast<uint32_t>(payload->size()));
  out.Fixed32(static_cast<uint32_t>(rows.num_rows()));
  out.Fixed64(base::Hash64(ViewOf(*payload, 0, payload->size())));
  out.Fixed64(HeadHash(out.bytes(), first_row));
  out.Raw(payload->data(), static_cast<size_t>(payload->size()));
  return out.Take();
}

Segment::Segment(std::shared_ptr<arrow::Buffer> bytes, std::string shown)
    : bytes_(std::move(bytes)), shown_(std::move(shown)) {}

base::Result<std::shared_ptr<const Segment>> Segment::Read(const std::string& path) {
  const auto read = [&]() -> arrow::Result<std::shared_ptr<arrow::Buffer>> {
    ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::ReadableFile::Open(path));
    ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
    return file->ReadAt(0, size);
  };
  auto bytes = read();
  if (!bytes.ok()) return FileError(bytes.status(), "read", path, base::codes::kIo);
  return Decode(*std::move(bytes), path);
}

base::Result<std::shared_ptr<const Segment>> Segment::Decode(std::shared_ptr<arrow::Buffer> bytes,
                                                             std::string shown) {
  std::shared_ptr<Segment> segment(new Segment(std::move(bytes), std::move(shown)));
  ARROW_RETURN_NOT_OK(segment->DecodeHeader());
  ARROW_RETURN_NOT_OK(segment->FindFrames());
  return segment;
}

int64_t Segment::torn_bytes() const {
  return bytes_->size() - whole_bytes_;
}

base::Status Segment::Damaged(int64_t at, const std::string& what) const {
  return base::Error(
      {.code = base::codes::kCorrupt,
       .message = fmt::format("{} is damaged at byte {}: {}", shown_, at, what),
       .hint = rows_ == 0 ? ""
                          : fmt::format("the {} rows before it are whole: cut the file to {} bytes "
                                        "to go on without the rest",
                                        rows_, whole_bytes_)});
}

base::Status Segment::DecodeHeader() {
  if (bytes_->size() < kHeadBytes) return Damaged(0, "it ends before its header does");
  base::ByteReader head(ViewOf(*bytes_, 0, kHeadBytes));
  if (*head.Raw(kMagic.size()) != kMagic) return Damaged(0, "it is no segment of a push log");
  const uint32_t version = *head.Fixed32();
  if (version != kVersion) {
    return Damaged(8, fmt::format("its version is {}, this millrace reads {}", version, kVersion));
  }
  const int64_t size = *head.Fixed32();
  if (size > bytes_->size() - kHeadBytes || size % kAlignment != 0) {
    return Damaged(12, "it ends before its header does");
  }
  const std::string_view payload = ViewOf(*bytes_, kHeadBytes, size);
  if (base::Hash64(payload) != *head.Fixed64()) {
    return Damaged(kHeadBytes, "its header is not what was written");
  }
  auto header = HeaderOf(payload);
  if (!header.ok()) return Damaged(kHeadBytes, base::ProblemsOf(header.status())[0].message);
  header_ = *std::move(header);
  whole_bytes_ = kHeadBytes + size;
  return base::Status::OK();
}

base::Status Segment::FindFrames() {
  while (whole_bytes_ < bytes_->size()) {
    ARROW_ASSIGN_OR_RAISE(const bool found, FindFrame());
    if (!found) break;
  }
  return base::Status::OK();
}

// False: what is left is the piece of a frame that nobody was told of.
base::Result<bool> Segment::FindFrame() {
  const int64_t at = whole_bytes_;
  const int64_t left = bytes_->size() - at;
  if (left < kHeadBytes) return false;
  base::ByteReader head(ViewOf(*bytes_, at, kHeadBytes));
  const int64_t size = *head.Fixed32();
  const int64_t rows = *head.Fixed32();
  const uint64_t hash = *head.Fixed64();
  const int64_t first = header_.first_row + rows_;
  if (HeadHash(ViewOf(*bytes_, at, kHeadBytes - 8), first) != *head.Fixed64()) {
    // A loss of power leaves a file longer than what was written into it, the rest zero.
    if (IsZero(ViewOf(*bytes_, at, left))) return false;
    return Damaged(at, "no frame begins here");
  }
  if (size > left - kHeadBytes) return false;
  if (base::Hash64(ViewOf(*bytes_, at + kHeadBytes, size)) != hash) {
    if (size == left - kHeadBytes && HasLostSector(at + kHeadBytes)) return false;
    return Damaged(at, fmt::format("the frame of rows {} to {} is not what was written", first,
                                   first + rows - 1));
  }
  if (rows < 1 || size > kFrameBytesMax || size % kAlignment != 0) {
    return Damaged(at, "no writer makes such a frame");
  }
  frames_.push_back({at + kHeadBytes, size, first, rows});
  rows_ += rows;
  whole_bytes_ += kHeadBytes + size;
  return true;
}

// Whether some sector of the file from `from` to its end is zero throughout: what a disk that lost
// its power never got, which no bit that turned looks like.
bool Segment::HasLostSector(int64_t from) const {
  while (from < bytes_->size()) {
    const int64_t next = std::min(bytes_->size(), (from / kSectorBytes + 1) * kSectorBytes);
    if (IsZero(ViewOf(*bytes_, from, next - from))) return true;
    from = next;
  }
  return false;
}

base::Result<std::shared_ptr<arrow::RecordBatch>> Segment::ReadFrame(size_t i) const {
  const Frame& frame = frames_[i];
  const auto read = [&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    arrow::io::BufferReader stream(arrow::SliceBuffer(bytes_, frame.offset, frame.bytes));
    arrow::ipc::DictionaryMemo dictionaries;
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.use_threads = false;
    ARROW_ASSIGN_OR_RAISE(
        auto rows, arrow::ipc::ReadRecordBatch(header_.schema, &dictionaries, options, &stream));
    ARROW_RETURN_NOT_OK(rows->ValidateFull());
    if (rows->num_rows() == frame.rows) return rows;
    return arrow::Status::Invalid("it has ", rows->num_rows(), " rows, its head says ", frame.rows);
  };
  auto rows = read();
  if (rows.ok()) return rows;
  return Damaged(frame.offset, base::ProblemsOf(rows.status())[0].message);
}

}  // namespace millrace::sources
