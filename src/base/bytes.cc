#include "base/bytes.h"

namespace millrace::base {
namespace {

Status TooShort(size_t needed, size_t left) {
  return Error(codes::kCorrupt, "bytes end too early: expected " + std::to_string(needed) +
                                    " more, found " + std::to_string(left));
}

}  // namespace

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

Result<std::string_view> ByteReader::Raw(size_t size) {
  if (size > bytes_.size()) return TooShort(size, bytes_.size());
  const std::string_view taken = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return taken;
}

Result<uint8_t> ByteReader::U8() {
  ARROW_ASSIGN_OR_RAISE(std::string_view raw, Raw(1));
  return static_cast<uint8_t>(raw[0]);
}

Result<uint32_t> ByteReader::Fixed32() {
  ARROW_ASSIGN_OR_RAISE(std::string_view raw, Raw(sizeof(uint32_t)));
  uint32_t value = 0;
  std::memcpy(&value, raw.data(), sizeof value);
  return value;
}

Result<uint64_t> ByteReader::Fixed64() {
  ARROW_ASSIGN_OR_RAISE(std::string_view raw, Raw(sizeof(uint64_t)));
  uint64_t value = 0;
  std::memcpy(&value, raw.data(), sizeof value);
  return value;
}

Result<double> ByteReader::Float64() {
  ARROW_ASSIGN_OR_RAISE(std::string_view raw, Raw(sizeof(double)));
  double value = 0;
  std::memcpy(&value, raw.data(), sizeof value);
  return value;
}

Result<uint64_t> ByteReader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    ARROW_ASSIGN_OR_RAISE(uint8_t byte, U8());
    const uint64_t bits = byte & 0x7f;
    if (shift == 63 && bits > 1) break;
    value |= bits << shift;
    if ((byte & 0x80) == 0) {
      // One encoding per number, so that equal states have equal bytes.
      if (byte == 0 && shift > 0) break;
      return value;
    }
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
