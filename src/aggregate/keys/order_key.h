// Order keys: a cell of any type as something that compares, hashes and is stored quickly. Numbers,
// bools and times become a uint64 (FixedKey), everything else bytes (BytesKey); both compare as the
// order of values does, and are equal exactly when the values are.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>
#include <absl/strings/string_view.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "columns/column.h"

namespace millrace::aggregate::keys {

using FixedKey = uint64_t;
// A string as it is; lists, vectors and maps in the form of docs/formats/state.md.
using BytesKey = std::string_view;

inline bool IsFixed(const columns::Type& type) {
  return type.physical() != columns::Physical::kString &&
         type.physical() != columns::Physical::kList && type.physical() != columns::Physical::kMap;
}

constexpr uint64_t kSignBit = uint64_t{1} << 63;

inline FixedKey FloatKey(double value) {
  if (std::isnan(value)) return ~uint64_t{0};
  const uint64_t bits = std::bit_cast<uint64_t>(value + 0.0);  // -0.0 + 0.0 is +0.0
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}
inline double FloatOfKey(FixedKey key) {
  if (key == ~uint64_t{0}) return std::bit_cast<double>(uint64_t{0x7ff8000000000000});
  return std::bit_cast<double>((key & kSignBit) != 0 ? key ^ kSignBit : ~key);
}

// REQUIRES: a valid cell of a fixed type.
inline FixedKey FixedKeyOf(const columns::Column& column, int64_t row) {
  if (column.ints != nullptr) return static_cast<uint64_t>(column.ints[row]) ^ kSignBit;
  if (column.floats != nullptr) return FloatKey(column.floats[row]);
  if (column.uints != nullptr) return column.uints[row];
  return column.bools[row];
}

// Appends the key of a valid cell that is not of a fixed type.
void AppendBytesKey(const columns::Column& column, int64_t row, std::string* key);

// The cell of `row` as a key; bytes stay in the column or in *scratch until the next call.
template <class Key>
inline Key KeyOf(const columns::Column& column, int64_t row, std::string* scratch);
template <>
inline FixedKey KeyOf<FixedKey>(const columns::Column& column, int64_t row, std::string*) {
  return FixedKeyOf(column, row);
}
template <>
inline BytesKey KeyOf<BytesKey>(const columns::Column& column, int64_t row, std::string* scratch) {
  if (column.strings != nullptr) return column.strings[row];
  scratch->clear();
  AppendBytesKey(column, row, scratch);
  return *scratch;
}

// Appends the value of a key as a cell; the inverse of KeyOf up to canonical NaN and zero.
void AppendKey(const columns::Type& type, FixedKey key, columns::ColumnBuffer* out);
void AppendKey(const columns::Type& type, BytesKey key, columns::ColumnBuffer* out);

// Stored form of one key. Read refuses (corrupt) what no value of the type has.
void WriteKey(const columns::Type& type, FixedKey key, base::ByteWriter* out);
void WriteKey(const columns::Type& type, BytesKey key, base::ByteWriter* out);
base::Status ReadKey(const columns::Type& type, base::ByteReader* in, FixedKey* key);
base::Status ReadKey(const columns::Type& type, base::ByteReader* in, BytesKey* key);

// Ascending distinct keys, each given as a difference where that is short.
template <class Key>
class KeySequenceWriter {
 public:
  KeySequenceWriter(const columns::Type& type, base::ByteWriter* out) : type_(type), out_(out) {}
  void Write(Key key);

 private:
  const columns::Type& type_;
  base::ByteWriter* out_;
  bool first_ = true;
  FixedKey previous_ = 0;
};

// Error: corrupt, also when keys do not ascend.
template <class Key>
class KeySequenceReader {
 public:
  KeySequenceReader(const columns::Type& type, base::ByteReader* in) : type_(type), in_(in) {}
  base::Result<Key> Read();

 private:
  const columns::Type& type_;
  base::ByteReader* in_;
  bool first_ = true;
  Key previous_{};
};

// How a State keeps a key of its own.
template <class Key>
struct Owned {
  using type = Key;
};
template <>
struct Owned<BytesKey> {
  using type = std::string;
};
template <class Key>
using OwnedKey = typename Owned<Key>::type;

// For maps of owned keys that are looked up by view.
struct KeyHash {
  using is_transparent = void;
  size_t operator()(FixedKey key) const { return absl::Hash<FixedKey>()(key); }
  // absl hashes its own view by itself, and std's by a call of std::hash.
  size_t operator()(BytesKey key) const {
    return absl::Hash<absl::string_view>()({key.data(), key.size()});
  }
};
template <class Key, class Value>
using KeyMap = absl::flat_hash_map<OwnedKey<Key>, Value, KeyHash, std::equal_to<>>;

}  // namespace millrace::aggregate::keys
