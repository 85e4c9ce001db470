#include "columns/value.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "columns/column.h"

namespace millrace::columns {

std::weak_ordering Compare(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return !a.is_null() <=> !b.is_null();
  if (a.holds_int()) return a.as_int() <=> b.as_int();
  if (a.holds_uint()) return a.as_uint() <=> b.as_uint();
  if (a.holds_string()) return a.as_string() <=> b.as_string();
  if (a.holds_float()) {
    const bool a_nan = std::isnan(a.as_float());
    const bool b_nan = std::isnan(b.as_float());
    if (a_nan || b_nan) return a_nan <=> b_nan;
    if (a.as_float() < b.as_float()) return std::weak_ordering::less;
    return a.as_float() > b.as_float() ? std::weak_ordering::greater
                                       : std::weak_ordering::equivalent;
  }
  if (a.holds_bool()) return a.as_bool() <=> b.as_bool();
  if (a.holds_list()) {
    const ListValue& x = a.as_list();
    const ListValue& y = b.as_list();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      if (const auto order = Compare(x[i], y[i]); order != 0) return order;
    }
    return x.size() <=> y.size();
  }
  const MapValue& x = a.as_map();
  const MapValue& y = b.as_map();
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (const auto order = Compare(x[i].first, y[i].first); order != 0) return order;
    if (const auto order = Compare(x[i].second, y[i].second); order != 0) return order;
  }
  return x.size() <=> y.size();
}

bool SameBits(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (a.holds_float() && b.holds_float()) {
    return std::bit_cast<uint64_t>(a.as_float()) == std::bit_cast<uint64_t>(b.as_float());
  }
  if (a.holds_list() && b.holds_list()) {
    return std::equal(a.as_list().begin(), a.as_list().end(), b.as_list().begin(),
                      b.as_list().end(), SameBits);
  }
  if (a.holds_map() && b.holds_map()) {
    return std::equal(a.as_map().begin(), a.as_map().end(), b.as_map().begin(), b.as_map().end(),
                      [](const auto& x, const auto& y) {
                        return SameBits(x.first, y.first) && SameBits(x.second, y.second);
                      });
  }
  return a.SameForm(b) && Compare(a, b) == 0;
}

void Encode(const Value& value, const Type& type, base::ByteWriter* out) {
  out->U8(value.is_null() ? 0 : 1);
  if (value.is_null()) return;
  switch (type.physical()) {
    case Physical::kNone:
      return;
    case Physical::kBool:
      return out->U8(value.as_bool() ? 1 : 0);
    case Physical::kInt:
      return out->SignedVarint(value.as_int());
    case Physical::kUInt:
      return out->Varint(value.as_uint());
    case Physical::kFloat:
      return out->Float64(value.as_float());
    case Physical::kString:
      return out->String(value.as_string());
    case Physical::kList:
      out->Varint(value.as_list().size());
      for (const Value& element : value.as_list()) Encode(element, type.element(), out);
      return;
    case Physical::kMap:
      out->Varint(value.as_map().size());
      for (const auto& [key, element] : value.as_map()) {
        Encode(key, type.key(), out);
        Encode(element, type.element(), out);
      }
      return;
  }
}

namespace {

base::Result<Value> DecodeMap(const Type& type, base::ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(uint64_t count, in->Count(2));
  MapValue map;
  for (uint64_t i = 0; i < count; ++i) {
    ARROW_ASSIGN_OR_RAISE(Value key, DecodeValue(type.key(), in));
    ARROW_ASSIGN_OR_RAISE(Value element, DecodeValue(type.element(), in));
    if (!map.empty() && Compare(map.back().first, key) >= 0) {
      return base::Error(base::codes::kCorrupt, "the keys of a map do not ascend");
    }
    map.emplace_back(std::move(key), std::move(element));
  }
  return map;
}

base::Result<Value> DecodeList(const Type& type, base::ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(uint64_t count, in->Count(1));
  if (type.kind() == Kind::kVector && count != static_cast<uint64_t>(type.vector_size())) {
    return base::Error(base::codes::kCorrupt,
                       "a " + type.ToString() + " has " + std::to_string(count) + " components");
  }
  ListValue list;
  for (uint64_t i = 0; i < count; ++i) {
    ARROW_ASSIGN_OR_RAISE(Value element, DecodeValue(type.element(), in));
    list.push_back(std::move(element));
  }
  return list;
}

}  // namespace

base::Result<Value> DecodeValue(const Type& type, base::ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(uint8_t present, in->U8());
  if (present == 0) return Value();
  if (present != 1) return base::Error(base::codes::kCorrupt, "a value's first byte is not 0 or 1");
  switch (type.physical()) {
    case Physical::kNone:
      return base::Error(base::codes::kCorrupt, "a value of type null is not null");
    case Physical::kBool: {
      ARROW_ASSIGN_OR_RAISE(uint8_t byte, in->U8());
      if (byte > 1) return base::Error(base::codes::kCorrupt, "a bool is not 0 or 1");
      return Value(byte == 1);
    }
    case Physical::kInt: {
      ARROW_ASSIGN_OR_RAISE(int64_t number, in->SignedVarint());
      return Value(number);
    }
    case Physical::kUInt: {
      ARROW_ASSIGN_OR_RAISE(uint64_t number, in->Varint());
      return Value(number);
    }
    case Physical::kFloat: {
      ARROW_ASSIGN_OR_RAISE(double number, in->Float64());
      return Value(number);
    }
    case Physical::kString: {
      ARROW_ASSIGN_OR_RAISE(std::string_view text, in->String());
      return Value(std::string(text));
    }
    case Physical::kList:
      return DecodeList(type, in);
    case Physical::kMap:
      return DecodeMap(type, in);
  }
  MILLRACE_CHECK(false);
}

}  // namespace millrace::columns
