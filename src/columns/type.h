// Type: the types a column can have, as users name them, and the Arrow type each one is written as.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::columns {

enum class Kind : uint8_t {
  kNull,  // the type of the literal null; fits every type
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat32,
  kFloat64,
  kString,
  kBytes,
  kDate,       // days since the epoch
  kTimestamp,  // microseconds since the epoch, UTC
  kDuration,   // microseconds; in expressions only, never a column of a table
  kList,       // list<T>
  kVector,     // vector<float32, N>: N components, none null
  kMap,        // map<K, V>, keys ascending and distinct
};

// How the values of a kind lie in memory (column.h).
enum class Physical : uint8_t { kNone, kBool, kInt, kUInt, kFloat, kString, kList, kMap };

// A small immutable value.
class Type {
 public:
  Type() : Type(Kind::kNull) {}
  // NOLINTNEXTLINE(google-explicit-constructor): a scalar kind is its type
  Type(Kind kind) : kind_(kind) {}
  static Type List(Type element);
  static Type Vector(int32_t size);  // of float32
  static Type Map(Type key, Type value);

  Kind kind() const { return kind_; }
  Physical physical() const;
  int32_t vector_size() const { return size_; }  // REQUIRES: kVector
  const Type& element() const;                   // REQUIRES: kList, kVector, kMap (its value)
  const Type& key() const;                       // REQUIRES: kMap

  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_integer() const { return kind_ >= Kind::kInt8 && kind_ <= Kind::kUInt64; }
  bool is_float() const { return kind_ == Kind::kFloat32 || kind_ == Kind::kFloat64; }
  bool is_numeric() const { return is_integer() || is_float(); }
  // Has an order of values (docs/semantics.md): everything but maps.
  bool is_ordered() const;

  std::string ToString() const;  // as users write it: "list<string>", "vector<float32, 8>"
  // Error: bad_value, naming the text and what was expected.
  static base::Result<Type> Parse(std::string_view text);

  // The Arrow type our tables have for it: utf8, binary, timestamp(us, UTC), date32, list,
  // fixed_size_list<float32>, map.  REQUIRES: not kDuration.
  std::shared_ptr<arrow::DataType> ToArrow() const;
  // What an Arrow type is read as when a definition says nothing: timestamps of any unit and zone
  // are timestamp, dictionaries their values, large_* and views the plain ones. Error:
  // type_mismatch (decimals, structs, intervals …), naming the Arrow type.
  static base::Result<Type> FromArrow(const arrow::DataType& type);

  friend bool operator==(const Type& a, const Type& b);

 private:
  Kind kind_;
  int32_t size_ = 0;
  std::shared_ptr<const Type> element_;
  std::shared_ptr<const Type> key_;
};

// A named, typed column of a table, source or view.
struct Field {
  std::string name;
  Type type;
  friend bool operator==(const Field&, const Field&) = default;
};

}  // namespace millrace::columns
