// libFuzzer over every decoder of a store's rows: bytes from anywhere either are refused or give
// something that encodes to bytes which decode again. The first byte of the input chooses the
// decoder, the second what the rows look like.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "state/format/chunk.h"
#include "state/format/description.h"
#include "state/format/key_head.h"
#include "state/format/row_bytes.h"
#include "state/format/summary.h"
#include "state/format/table.h"

namespace millrace::state {
namespace {

using columns::Kind;
using columns::Type;

RowLayout LayoutOf(uint8_t choice) {
  const std::vector<Type> types = {Kind::kBool,
                                   Kind::kInt64,
                                   Kind::kUInt64,
                                   Kind::kFloat32,
                                   Kind::kFloat64,
                                   Kind::kString,
                                   Type::Vector(2),
                                   Type::List(Type::List(Kind::kString)),
                                   Type::Map(Kind::kString, Kind::kInt64)};
  RowLayout layout;
  layout.has_created = (choice & 1) != 0;
  for (size_t i = 0; i < types.size(); ++i) {
    if ((choice >> 1) % types.size() == i || choice > 200) layout.columns.push_back(types[i]);
  }
  return layout;
}

void DecodeBlock(const RowLayout& layout, std::string_view bytes, bool chunk) {
  EventBlock block(layout);
  base::ByteReader in(bytes);
  const auto decoded = chunk ? DecodeChunk(bytes, &block) : DecodeRows(&in, 3, &block);
  if (!decoded.ok()) return;
  std::vector<int64_t> rows = block.TimeOrder();
  if (chunk) {
    EventBlock again(layout);
    MILLRACE_CHECK(DecodeChunk(EncodeChunk(block.View(), rows), &again).ok());
    MILLRACE_CHECK(again.size() == block.size());
    return;
  }
  base::ByteWriter written;
  AppendRows(block.View(), rows, &written);
  base::ByteReader reader(written.bytes());
  EventBlock again(layout);
  MILLRACE_CHECK(DecodeRows(&reader, rows.size(), &again).ok() && reader.AtEnd());
}

void DecodeOne(uint8_t choice, uint8_t shape, std::string_view bytes) {
  switch (choice % 6) {
    case 0:
    case 1:
      return DecodeBlock(LayoutOf(shape), bytes, choice % 6 == 0);
    case 2:
      if (const auto head = KeyHead::Decode(bytes); head.ok()) {
        MILLRACE_CHECK(KeyHead::Decode(head->Encode()).ok());
      }
      return;
    case 3:
      if (const auto summaries = DecodeSummaries(bytes); summaries.ok()) {
        MILLRACE_CHECK(DecodeSummaries(EncodeSummaries(*summaries)).ok());
      }
      return;
    case 4:
      if (const auto catalog = Catalog::Decode(bytes); catalog.ok()) {
        MILLRACE_CHECK(Catalog::Decode(catalog->Encode()).ok());
      }
      return;
    default:
      if (const auto commit = CommitRecord::Decode(bytes); commit.ok()) {
        MILLRACE_CHECK(CommitRecord::Decode(commit->Encode()).ok());
      }
      if (const auto file = FilePlace::Decode(bytes); file.ok()) {
        MILLRACE_CHECK(FilePlace::Decode(file->Encode()).ok());
      }
      return;
  }
}

}  // namespace
}  // namespace millrace::state

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  millrace::state::DecodeOne(data[0], data[1], {reinterpret_cast<const char*>(data) + 2, size - 2});
  return 0;
}
