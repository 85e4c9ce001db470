// Order keys of every type. The bytes of nested values: docs/formats/state.md, "Order bytes".
#include "aggregate/keys/order_key.h"

#include <cmath>
#include <optional>

#include "columns/integer_range.h"

namespace millrace::aggregate::keys {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::Physical;
using columns::Type;

constexpr char kEnd = 0;       // of a list: before any element, so that the shorter one is smaller
constexpr char kNullItem = 1;  // null first
constexpr char kValidItem = 2;

base::Status Corrupt(const char* message) {
  return base::Error(base::codes::kCorrupt, message);
}

void AppendBigEndian(uint64_t bits, std::string* key) {
  for (int shift = 56; shift >= 0; shift -= 8) key->push_back(static_cast<char>(bits >> shift));
}

// Like FloatKey, in four bytes.
uint32_t Float32Key(double value) {
  if (std::isnan(value)) return ~uint32_t{0};
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(value) + 0.0f);
  return (bits >> 31) != 0 ? ~bits : bits | uint32_t{1} << 31;
}
double FloatOf32Key(uint32_t key) {
  if (key == ~uint32_t{0}) return FloatOfKey(~uint64_t{0});
  const uint32_t bits = (key >> 31) != 0 ? key ^ uint32_t{1} << 31 : ~key;
  return static_cast<double>(std::bit_cast<float>(bits));
}

// Self-delimiting, unlike a string that is a whole key.
void AppendItem(const Column& column, int64_t row, std::string* key) {
  if (IsFixed(column.type)) {
    AppendBigEndian(column.type.is_null() ? 0 : FixedKeyOf(column, row), key);
  } else if (column.strings != nullptr) {
    for (const char c : column.strings[row]) {
      key->push_back(c);
      if (c == 0) key->push_back(1);
    }
    key->append(2, 0);
  } else {
    AppendBytesKey(column, row, key);
  }
}

void AppendElement(const Column& column, int64_t row, std::string* key) {
  key->push_back(column.valid(row) ? kValidItem : kNullItem);
  if (column.valid(row)) AppendItem(column, row, key);
}

// Whether some value of the type has this key.
bool IsKeyOf(const Type& type, FixedKey key) {
  switch (type.physical()) {
    case Physical::kBool:
      return key <= 1;
    case Physical::kInt:
      return columns::RangeOf(type.kind()).Contains(static_cast<int64_t>(key ^ kSignBit));
    case Physical::kFloat: {
      const double value = FloatOfKey(key);
      if (FloatKey(value) != key) return false;
      return type.kind() != Kind::kFloat32 || std::isnan(value) ||
             static_cast<double>(static_cast<float>(value)) == value;
    }
    default:
      return true;
  }
}

// Reads order bytes: checks them (out == nullptr) or appends what they say.
class OrderBytes {
 public:
  explicit OrderBytes(BytesKey bytes) : bytes_(bytes) {}
  bool AtEnd() const { return bytes_.empty(); }

  // Of a list, vector or map.
  bool Nested(const Type& type, ColumnBuffer* out) {
    return type.kind() == Kind::kVector ? Vector(type, out) : List(type, out);
  }

 private:
  bool Vector(const Type& type, ColumnBuffer* out) {
    const auto size = static_cast<size_t>(type.vector_size());
    if (bytes_.size() / 4 < size) return false;
    for (size_t i = 0; i < size; ++i) {
      uint32_t key = 0;
      for (size_t j = 0; j < 4; ++j) key = key << 8 | static_cast<uint8_t>(bytes_[4 * i + j]);
      const double value = FloatOf32Key(key);
      if (Float32Key(value) != key) return false;
      if (out != nullptr) out->elements()->AppendFloat(value);
    }
    bytes_.remove_prefix(4 * size);
    if (out != nullptr) out->CloseList();
    return true;
  }

  bool List(const Type& type, ColumnBuffer* out) {
    const bool map = type.physical() == Physical::kMap;
    int64_t size = 0;
    while (true) {
      const std::optional<char> mark = Next();
      if (!mark) return false;
      if (*mark == kEnd) break;
      const bool of_key = map && size % 2 == 0;
      const Type& item = of_key ? type.key() : type.element();
      ColumnBuffer* items = out == nullptr ? nullptr : (of_key ? out->keys() : out->elements());
      if (!Item(item, *mark, items)) return false;
      ++size;
    }
    if (map && size % 2 != 0) return false;
    if (out != nullptr) out->CloseList();
    return true;
  }

  std::optional<char> Next() {
    if (bytes_.empty()) return std::nullopt;
    const char c = bytes_.front();
    bytes_.remove_prefix(1);
    return c;
  }

  bool Item(const Type& type, char mark, ColumnBuffer* out) {
    if (mark == kNullItem) {
      if (out != nullptr) out->AppendNull();
      return true;
    }
    if (mark != kValidItem) return false;
    if (!IsFixed(type))
      return type.physical() == Physical::kString ? String(out) : Nested(type, out);
    if (bytes_.size() < 8) return false;
    FixedKey key = 0;
    for (int i = 0; i < 8; ++i)
      key = key << 8 | static_cast<uint8_t>(bytes_[static_cast<size_t>(i)]);
    bytes_.remove_prefix(8);
    if (!IsKeyOf(type, key)) return false;
    if (out != nullptr) AppendKey(type, key, out);
    return true;
  }

  bool String(ColumnBuffer* out) {
    std::string text;
    while (true) {
      const std::optional<char> c = Next();
      if (!c) return false;
      if (*c != 0) {
        text.push_back(*c);
        continue;
      }
      const std::optional<char> after = Next();
      if (!after || (*after != 0 && *after != 1)) return false;
      if (*after == 0) break;
      text.push_back(0);
    }
    if (out != nullptr) out->AppendString(text);
    return true;
  }

  BytesKey bytes_;
};

}  // namespace

void AppendBytesKey(const Column& column, int64_t row, std::string* key) {
  if (column.strings != nullptr) {
    key->append(column.strings[row]);
    return;
  }
  if (column.type.kind() == Kind::kVector) {
    for (int64_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
      const uint32_t bits = Float32Key(column.children[0].floats[i]);
      for (int shift = 24; shift >= 0; shift -= 8) key->push_back(static_cast<char>(bits >> shift));
    }
    return;
  }
  const bool map = column.type.physical() == Physical::kMap;
  for (int64_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
    AppendElement(column.children[0], i, key);
    if (map) AppendElement(column.children[1], i, key);
  }
  key->push_back(kEnd);
}

void AppendKey(const Type& type, FixedKey key, ColumnBuffer* out) {
  switch (type.physical()) {
    case Physical::kBool:
      out->AppendBool(key != 0);
      return;
    case Physical::kInt:
      out->AppendInt(static_cast<int64_t>(key ^ kSignBit));
      return;
    case Physical::kUInt:
      out->AppendUInt(key);
      return;
    case Physical::kFloat:
      out->AppendFloat(FloatOfKey(key));
      return;
    default:
      out->AppendNull();
  }
}

void AppendKey(const Type& type, BytesKey key, ColumnBuffer* out) {
  if (type.physical() == Physical::kString) {
    out->AppendString(key);
    return;
  }
  OrderBytes(key).Nested(type, out);
}

void WriteKey(const Type& type, FixedKey key, base::ByteWriter* out) {
  switch (type.physical()) {
    case Physical::kBool:
      out->U8(static_cast<uint8_t>(key));
      return;
    case Physical::kInt:
      out->SignedVarint(static_cast<int64_t>(key ^ kSignBit));
      return;
    case Physical::kUInt:
      out->Varint(key);
      return;
    default:
      out->Float64(FloatOfKey(key));
  }
}

void WriteKey(const Type&, BytesKey key, base::ByteWriter* out) {
  out->String(key);
}

base::Status ReadKey(const Type& type, base::ByteReader* in, FixedKey* key) {
  switch (type.physical()) {
    case Physical::kBool: {
      ARROW_ASSIGN_OR_RAISE(*key, in->U8());
      break;
    }
    case Physical::kInt: {
      ARROW_ASSIGN_OR_RAISE(const int64_t value, in->SignedVarint());
      *key = static_cast<uint64_t>(value) ^ kSignBit;
      break;
    }
    case Physical::kUInt: {
      ARROW_ASSIGN_OR_RAISE(*key, in->Varint());
      break;
    }
    default: {
      ARROW_ASSIGN_OR_RAISE(const double value, in->Float64());
      *key = FloatKey(value);
      if (std::bit_cast<uint64_t>(FloatOfKey(*key)) != std::bit_cast<uint64_t>(value)) {
        return Corrupt("a float of a state is not canonical");
      }
    }
  }
  if (!IsKeyOf(type, *key)) return Corrupt("a value of a state is outside its type");
  return base::Status::OK();
}

base::Status ReadKey(const Type& type, base::ByteReader* in, BytesKey* key) {
  ARROW_ASSIGN_OR_RAISE(*key, in->String());
  if (type.physical() == Physical::kString) return base::Status::OK();
  OrderBytes bytes(*key);
  if (!bytes.Nested(type, nullptr) || !bytes.AtEnd()) {
    return Corrupt("the order bytes of a state do not fit their type");
  }
  return base::Status::OK();
}

template <>
void KeySequenceWriter<FixedKey>::Write(FixedKey key) {
  if (first_ || type_.physical() == Physical::kFloat) {
    WriteKey(type_, key, out_);
  } else {
    out_->Varint(key - previous_);
  }
  first_ = false;
  previous_ = key;
}

template <>
void KeySequenceWriter<BytesKey>::Write(BytesKey key) {
  WriteKey(type_, key, out_);
}

template <>
base::Result<FixedKey> KeySequenceReader<FixedKey>::Read() {
  FixedKey key = 0;
  if (first_ || type_.physical() == Physical::kFloat) {
    ARROW_RETURN_NOT_OK(ReadKey(type_, in_, &key));
  } else {
    ARROW_ASSIGN_OR_RAISE(const uint64_t step, in_->Varint());
    key = previous_ + step;
    if (!IsKeyOf(type_, key)) return Corrupt("a value of a state is outside its type");
  }
  if (!first_ && key <= previous_) return Corrupt("the values of a state do not ascend");
  first_ = false;
  previous_ = key;
  return key;
}

template <>
base::Result<BytesKey> KeySequenceReader<BytesKey>::Read() {
  BytesKey key;
  ARROW_RETURN_NOT_OK(ReadKey(type_, in_, &key));
  if (!first_ && key <= previous_) return Corrupt("the values of a state do not ascend");
  first_ = false;
  previous_ = key;
  return key;
}

}  // namespace millrace::aggregate::keys
