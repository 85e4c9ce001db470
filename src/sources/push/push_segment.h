// Segment: one segment of a push log, its bytes and back (docs/formats/push_log.md): who wrote it,
// its columns, and frames of rows, each checked by its hash. Appended to by PushLogWriter.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace millrace::sources {

// What a frame may be: who appends more appends it in pieces.
inline constexpr int64_t kFrameBytesMax = int64_t{256} << 20;

struct SegmentHeader {
  std::string source;
  std::string writer;
  int64_t first_row = 1;
  std::shared_ptr<arrow::Schema> schema;  // of every frame
};

// Errors: what Arrow reports of a schema that it cannot write.
base::Result<std::string> EncodeSegmentHeader(const SegmentHeader& header);
// The rows as one frame, the first of which is the writer's row `first_row`. REQUIRES: rows, of the
// header's schema. Errors: bad_value, over kFrameBytesMax.
base::Result<std::string> EncodeFrame(const arrow::RecordBatch& rows, int64_t first_row);

class Segment {
 public:
  // The file as it is now. Errors: corrupt, naming file and byte; what reading it reports.
  static base::Result<std::shared_ptr<const Segment>> Read(const std::string& path);
  // `shown` names the bytes in messages. Any bytes are decoded or refused.
  static base::Result<std::shared_ptr<const Segment>> Decode(std::shared_ptr<arrow::Buffer> bytes,
                                                             std::string shown);

  const SegmentHeader& header() const { return header_; }
  const std::string& shown() const { return shown_; }
  int64_t rows() const { return rows_; }
  // Of the header and the whole frames: behind them is at most the piece of a frame that a writer
  // was killed over, which was never acknowledged.
  int64_t whole_bytes() const { return whole_bytes_; }
  int64_t torn_bytes() const;

  size_t frames() const { return frames_.size(); }
  // The first row and the rows of frame i.
  int64_t frame_first(size_t i) const { return frames_[i].first_row; }
  int64_t frame_rows(size_t i) const { return frames_[i].rows; }
  // Its columns keep the segment's bytes alive. From any thread. Error: corrupt.
  base::Result<std::shared_ptr<arrow::RecordBatch>> ReadFrame(size_t i) const;

 private:
  struct Frame {
    int64_t offset;  // of its payload
    int64_t bytes;
    int64_t first_row;
    int64_t rows;
  };

  Segment(std::shared_ptr<arrow::Buffer> bytes, std::string shown);
  base::Status DecodeHeader();
  base::Status FindFrames();
  base::Result<bool> FindFrame();
  bool HasLostSector(int64_t from) const;
  base::Status Damaged(int64_t at, const std::string& what) const;

  const std::shared_ptr<arrow::Buffer> bytes_;
  const std::string shown_;
  SegmentHeader header_;
  std::vector<Frame> frames_;
  int64_t rows_ = 0;
  int64_t whole_bytes_ = 0;
};

}  // namespace millrace::sources
