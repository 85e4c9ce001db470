// ByteWriter and ByteReader: the one byte codec of states, plans and formats. Little-endian, LEB128
// varints; a reader checks every length and never reads past its end.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::base {

class ByteWriter {
 public:
  void U8(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void Fixed32(uint32_t value) { Raw(&value, sizeof value); }
  void Fixed64(uint64_t value) { Raw(&value, sizeof value); }
  void Float64(double value) { Raw(&value, sizeof value); }
  void Varint(uint64_t value);
  void SignedVarint(int64_t value);     // zigzag
  void String(std::string_view value);  // varint length, bytes
  void Raw(const void* data, size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  Result<uint8_t> U8() { return Plain<uint8_t>(); }
  Result<uint32_t> Fixed32() { return Plain<uint32_t>(); }
  Result<uint64_t> Fixed64() { return Plain<uint64_t>(); }
  Result<double> Float64() { return Plain<double>(); }
  Result<uint64_t> Varint() {
    // Most numbers are small.
    if (!bytes_.empty() && static_cast<uint8_t>(bytes_[0]) < 0x80) {
      const auto value = static_cast<uint8_t>(bytes_[0]);
      bytes_.remove_prefix(1);
      return value;
    }
    return LongVarint();
  }
  // For loops over many: false and nothing taken where Varint() is an error.
  bool TakeVarint(uint64_t* value) {
    const size_t end = bytes_.size() < kVarintBytesMax ? bytes_.size() : kVarintBytesMax;
    uint64_t taken = 0;
    for (size_t i = 0; i < end; ++i) {
      const auto byte = static_cast<uint8_t>(bytes_[i]);
      taken |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
      if ((byte & 0x80) != 0) continue;
      // One encoding per number, so that equal states have equal bytes.
      if ((byte == 0 && i > 0) || (i + 1 == kVarintBytesMax && byte > 1)) return false;
      bytes_.remove_prefix(i + 1);
      *value = taken;
      return true;
    }
    return false;
  }
  Result<int64_t> SignedVarint();
  Result<std::string_view> String();
  Result<std::string_view> Raw(size_t size) {
    if (size > bytes_.size()) return TooShort(size);
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  // A count of items that take at least `item_bytes_min` (> 0) bytes each: refuses counts that the
  // rest of the input cannot hold, so a decoder may reserve for it.
  Result<uint64_t> Count(size_t item_bytes_min);
  bool AtEnd() const { return bytes_.empty(); }
  size_t remaining() const { return bytes_.size(); }
  Status ExpectEnd() const;  // error: corrupt, when bytes are left

 private:
  template <typename T>
  Result<T> Plain() {
    if (bytes_.size() < sizeof(T)) return TooShort(sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data(), sizeof value);  // NOLINT(bugprone-*): checked
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  static constexpr size_t kVarintBytesMax = 10;

  Result<uint64_t> LongVarint();
  Status TooShort(size_t needed) const;

  std::string_view bytes_;
};

}  // namespace millrace::base
