// Value: one cell outside a column: literals, defaults, cases, explanations and the reference
// engine. Batches never hold these.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "columns/type.h"

namespace millrace::columns {

class Value;
using ListValue = std::vector<Value>;
using MapValue = std::vector<std::pair<Value, Value>>;  // keys ascending and distinct

// Held by physical form, so the same Value serves int8 and timestamp: bool; int64_t for every
// integer but uint64, date (days), timestamp and duration (microseconds); uint64_t for uint64;
// double for both floats; std::string for string and bytes.
class Value {
 public:
  Value() = default;                            // null
  Value(bool v) : v_(v) {}                      // NOLINT(google-explicit-constructor)
  Value(int64_t v) : v_(v) {}                   // NOLINT(google-explicit-constructor)
  Value(uint64_t v) : v_(v) {}                  // NOLINT(google-explicit-constructor)
  Value(double v) : v_(v) {}                    // NOLINT(google-explicit-constructor)
  Value(std::string v) : v_(std::move(v)) {}    // NOLINT(google-explicit-constructor)
  Value(const char* v) : v_(std::string(v)) {}  // NOLINT(google-explicit-constructor)
  Value(ListValue v) : v_(std::move(v)) {}      // NOLINT(google-explicit-constructor)
  Value(MapValue v) : v_(std::move(v)) {}       // NOLINT(google-explicit-constructor)
  Value(int) = delete;

  bool is_null() const { return std::holds_alternative<std::monostate>(v_); }
  bool as_bool() const { return std::get<bool>(v_); }
  int64_t as_int() const { return std::get<int64_t>(v_); }
  uint64_t as_uint() const { return std::get<uint64_t>(v_); }
  double as_float() const { return std::get<double>(v_); }
  const std::string& as_string() const { return std::get<std::string>(v_); }
  const ListValue& as_list() const { return std::get<ListValue>(v_); }
  const MapValue& as_map() const { return std::get<MapValue>(v_); }
  bool holds_int() const { return std::holds_alternative<int64_t>(v_); }
  bool holds_uint() const { return std::holds_alternative<uint64_t>(v_); }
  bool holds_float() const { return std::holds_alternative<double>(v_); }
  bool holds_string() const { return std::holds_alternative<std::string>(v_); }
  bool holds_bool() const { return std::holds_alternative<bool>(v_); }
  bool holds_list() const { return std::holds_alternative<ListValue>(v_); }
  bool holds_map() const { return std::holds_alternative<MapValue>(v_); }
  bool SameForm(const Value& other) const { return v_.index() == other.v_.index(); }

 private:
  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, ListValue, MapValue>
      v_;
};

// The order of values (docs/semantics.md): null first, false < true, -0.0 = +0.0, every NaN one
// value and the largest, strings by byte, lists element by element, then by length.
// REQUIRES: both of one type (or null).
std::weak_ordering Compare(const Value& a, const Value& b);

// The same value to the last bit (canonical NaN and zero are the caller's business).
bool SameBits(const Value& a, const Value& b);

// One text form per value and type, for people, cases and messages: floats as the shortest that
// reads back with .0 or an exponent, NaN, Infinity; strings bare; times RFC 3339; lists "[a, b]",
// maps "{k: v}"; null "null".
std::string ToText(const Value& value, const Type& type);
// Its inverse for scalars and lists and maps of them (strings inside lists may be quoted with ').
// Error: bad_value, naming text and type.
base::Result<Value> FromText(std::string_view text, const Type& type);

// Codec of a value of a known type (formats/value.md).
void Encode(const Value& value, const Type& type, base::ByteWriter* out);
base::Result<Value> DecodeValue(const Type& type, base::ByteReader* in);

}  // namespace millrace::columns
