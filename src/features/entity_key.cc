// Key bytes: a varint length and the canonical bytes per column.
#include "features/entity_key.h"

#include <bit>
#include <cstring>

#include "base/bytes.h"

namespace millrace::features {

using columns::Column;
using columns::Kind;
using columns::Physical;
using columns::Type;
using columns::Value;

namespace {

constexpr size_t kOneByteLengthMax = 127;

// The length is written as one byte first and widened where it turns out to need more.
void CloseLength(size_t at, std::string* key) {
  const size_t length = key->size() - at - 1;
  if (length <= kOneByteLengthMax) {
    (*key)[at] = static_cast<char>(length);
    return;
  }
  base::ByteWriter writer;
  writer.Varint(length);
  key->replace(at, 1, writer.bytes());
}

base::Result<Value> DecodePart(std::string_view bytes, const Type& type) {
  const auto corrupt = [&] {
    return base::Error(base::codes::kCorrupt, "a key part of " + std::to_string(bytes.size()) +
                                                  " bytes is not a " + type.ToString());
  };
  const auto fixed = [&] {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes.data(), sizeof bits);
    return bits;
  };
  switch (type.physical()) {
    case Physical::kBool:
      if (bytes.size() != 1) return corrupt();
      return Value(bytes[0] != 0);
    case Physical::kInt:
      if (bytes.size() != 8) return corrupt();
      return Value(static_cast<int64_t>(fixed()));
    case Physical::kUInt:
      if (bytes.size() != 8) return corrupt();
      return Value(fixed());
    case Physical::kFloat:
      if (bytes.size() != 8) return corrupt();
      return Value(std::bit_cast<double>(fixed()));
    case Physical::kString:
      return Value(std::string(bytes));
    default:
      return corrupt();
  }
}

}  // namespace

bool EncodeKey(std::span<const Column> key_columns, int64_t row, std::string* key) {
  key->clear();
  for (const Column& column : key_columns) {
    if (!column.valid(row)) {
      key->clear();
      return false;
    }
    const size_t at = key->size();
    key->push_back('\0');
    if (column.strings != nullptr) {
      key->append(column.strings[row]);
    } else {
      columns::AppendCanonicalBytes(column, row, key);
    }
    CloseLength(at, key);
  }
  return true;
}

bool EncodeKey(std::span<const Value> values, std::span<const Type> types, std::string* key) {
  key->clear();
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_null()) {
      key->clear();
      return false;
    }
    const size_t at = key->size();
    key->push_back('\0');
    columns::AppendCanonicalBytes(values[i], types[i], key);
    CloseLength(at, key);
  }
  return true;
}

base::Result<std::vector<Value>> DecodeKey(std::string_view key, std::span<const Type> types) {
  base::ByteReader reader(key);
  std::vector<Value> values;
  for (const Type& type : types) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view part, reader.String());
    ARROW_ASSIGN_OR_RAISE(Value value, DecodePart(part, type));
    values.push_back(std::move(value));
  }
  ARROW_RETURN_NOT_OK(reader.ExpectEnd());
  return values;
}

}  // namespace millrace::features
