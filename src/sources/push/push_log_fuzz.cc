// Fuzz: any bytes as a segment, as the rows of a frame and as the columns of a header are decoded
// or refused, the same whenever they are, and what is decoded can be read whole.
#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "sources/arrow/arrow_cells.h"
#include "sources/push/push_segment.h"

namespace {

using millrace::base::ByteWriter;
using millrace::base::Hash64;
using millrace::columns::Type;
using millrace::features::TimestampUnit;
using millrace::sources::Segment;

std::string Padded(std::string_view bytes) {
  std::string padded(bytes);
  padded.resize((padded.size() + 7) / 8 * 8, '\0');
  return padded;
}

// A segment whose hashes are right whatever `schema` is.
std::string HeaderOf(std::string_view schema) {
  ByteWriter payload;
  payload.String("s");
  payload.String("w");
  payload.Fixed64(1);
  payload.String(schema);
  const std::string padded = Padded(payload.bytes());
  ByteWriter out;
  out.Raw("MRPUSHLG", 8);
  out.Fixed32(1);
  out.Fixed32(static_cast<uint32_t>(padded.size()));
  out.Fixed64(Hash64(padded));
  out.Raw(padded.data(), padded.size());
  return out.Take();
}

// The bytes as one frame of `rows` rows behind a header.
std::string FrameOf(std::string_view rows_bytes, uint32_t rows) {
  const auto schema = arrow::schema(
      {arrow::field("n", arrow::int64()), arrow::field("s", arrow::utf8()),
       arrow::field("l", arrow::list(arrow::utf8())), arrow::field("b", arrow::boolean()),
       arrow::field("v", arrow::fixed_size_list(arrow::float32(), 2)),
       arrow::field("m", arrow::map(arrow::utf8(), arrow::int64()))});
  std::string bytes = millrace::sources::EncodeSegmentHeader({"s", "w", 1, schema}).ValueOrDie();
  const std::string payload = Padded(rows_bytes);
  ByteWriter head;
  head.Fixed32(static_cast<uint32_t>(payload.size()));
  head.Fixed32(rows);
  head.Fixed64(Hash64(payload));
  ByteWriter checked;
  checked.Raw(head.bytes().data(), head.bytes().size());
  checked.Fixed64(1);
  head.Fixed64(Hash64(checked.bytes()));
  return bytes + head.bytes() + payload;
}

std::string Decode(const std::string& bytes) {
  const auto segment = Segment::Decode(arrow::Buffer::FromString(bytes), "fuzz");
  if (!segment.ok()) return segment.status().message();
  MILLRACE_CHECK((*segment)->whole_bytes() + (*segment)->torn_bytes() ==
                 static_cast<int64_t>(bytes.size()));
  std::string all;
  for (size_t i = 0; i < (*segment)->frames(); ++i) {
    const auto rows = (*segment)->ReadFrame(i);
    if (!rows.ok()) {
      all += rows.status().message();
      continue;
    }
    MILLRACE_CHECK((*rows)->num_rows() == (*segment)->frame_rows(i));
    for (const auto& column : (*rows)->columns()) {
      const auto type = Type::FromArrow(*column->type());
      if (!type.ok()) continue;
      const auto read = millrace::sources::ReadArray(column, *type, TimestampUnit::kNone);
      if (!read.ok()) continue;
      for (int64_t row = 0; row < read->view.size; ++row) {
        if (read->view.valid(row)) {
          millrace::columns::AppendCanonicalBytes(read->view, row, &all);
        }
      }
    }
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size == 0) return 0;
  const std::string_view rest = bytes.substr(1);
  for (const std::string& segment :
       {std::string(bytes), HeaderOf(rest), FrameOf(rest, data[0] % 4 + 1U)}) {
    MILLRACE_CHECK(Decode(segment) == Decode(segment));
  }
  return 0;
}
