#include "base/bytes.h"

#include <algorithm>

namespace millrace::base {

void ByteWriter::Varint(uint64_t value) {
  while (value >= 0x80) {
    U8(static_cast<uint8_t>(value) | 0x80);
    value >>= 7;
  }
  U8(static_cast<uint8_t>(value));
}

void ByteWriter::SignedVarint(int64_t value) {
  Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

void ByteWriter::String(std::string_view value) {
  Varint(value.size());
  Raw(value.data(), value.size());
}

Status ByteReader::TooShort(size_t needed) const {
  return Error(codes::kCorrupt, "bytes end too early: expected " + std::to_string(needed) +
                                    " more, found " + std::to_string(bytes_.size()));
}

Result<uint64_t> ByteReader::LongVarint() {
  uint64_t value = 0;
  if (TakeVarint(&value)) return value;
  const auto goes_on = [](char byte) { return (byte & 0x80) != 0; };
  if (bytes_.size() < kVarintBytesMax && std::ranges::all_of(bytes_, goes_on)) {
    bytes_ = {};
    return TooShort(1);
  }
  return Error(codes::kCorrupt, "a varint is longer than its number needs");
}

Result<int64_t> ByteReader::SignedVarint() {
  ARROW_ASSIGN_OR_RAISE(uint64_t zigzag, Varint());
  return static_cast<int64_t>(zigzag >> 1) ^ -static_cast<int64_t>(zigzag & 1);
}

Result<std::string_view> ByteReader::String() {
  ARROW_ASSIGN_OR_RAISE(uint64_t size, Varint());
  return Raw(size);
}

Result<uint64_t> ByteReader::Count(size_t item_bytes_min) {
  ARROW_ASSIGN_OR_RAISE(uint64_t count, Varint());
  if (count > bytes_.size() / item_bytes_min) {
    return Error(codes::kCorrupt, "a count of " + std::to_string(count) + " items cannot fit in " +
                                      std::to_string(bytes_.size()) + " bytes");
  }
  return count;
}

Status ByteReader::ExpectEnd() const {
  if (bytes_.empty()) return Status::OK();
  return Error(codes::kCorrupt, std::to_string(bytes_.size()) + " bytes are left over");
}

}  // namespace millrace::base
