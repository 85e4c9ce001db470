// The text form of values: what people, cases and messages see, and its reader.
#include <cctype>
#include <charconv>

#include "base/check.h"
#include "base/time.h"
#include "columns/float_text.h"
#include "columns/integer_range.h"
#include "columns/value.h"

namespace millrace::columns {
namespace {

constexpr int64_t kMicrosPerDay = base::Duration::Days(1).micros();

// Inside lists and maps a string is quoted where its text alone would read otherwise.
std::string NestedText(const Value& value, const Type& type) {
  if (value.is_null() || type.physical() != Physical::kString) return ToText(value, type);
  const std::string& text = value.as_string();
  if (!text.empty() && text != "null" && text.find_first_of(",:'[]{} ") == std::string::npos) {
    return text;
  }
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + "'";
}

base::Status Unreadable(std::string_view text, const Type& type) {
  return base::Error(base::codes::kBadValue,
                     "'" + std::string(text) + "' is not a " + type.ToString());
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The position of the first of `ends` outside quotes and brackets, or npos.
size_t FindTop(std::string_view text, std::string_view ends) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\'') quoted = !quoted;
    if (quoted) continue;
    if (depth == 0 && ends.find(c) != std::string_view::npos) return i;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
  }
  return std::string_view::npos;
}

// Splits "a, [b, c], 'd, e'" at its own commas.
std::vector<std::string_view> Items(std::string_view text) {
  std::vector<std::string_view> items;
  text = Trim(text);
  while (!text.empty()) {
    const size_t comma = FindTop(text, ",");
    items.push_back(Trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    text = Trim(text.substr(comma + 1));
  }
  return items;
}

base::Result<Value> NestedFromText(std::string_view text, const Type& type) {
  if (text == "null") return Value();
  if (type.physical() != Physical::kString || text.empty() || text.front() != '\'') {
    return FromText(text, type);
  }
  if (text.size() < 2 || text.back() != '\'') return Unreadable(text, type);
  std::string plain;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    plain += text[i];
    if (text[i] == '\'') ++i;
  }
  return Value(std::move(plain));
}

base::Result<Value> ListFromText(std::string_view text, const Type& type) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return Unreadable(text, type);
  ListValue list;
  for (const std::string_view item : Items(text.substr(1, text.size() - 2))) {
    ARROW_ASSIGN_OR_RAISE(Value element, NestedFromText(item, type.element()));
    list.push_back(std::move(element));
  }
  if (type.kind() == Kind::kVector && list.size() != static_cast<size_t>(type.vector_size())) {
    return Unreadable(text, type);
  }
  return Value(std::move(list));
}

base::Result<Value> MapFromText(std::string_view text, const Type& type) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return Unreadable(text, type);
  MapValue map;
  for (const std::string_view item : Items(text.substr(1, text.size() - 2))) {
    const size_t colon = FindTop(item, ":");
    if (colon == std::string_view::npos) return Unreadable(text, type);
    ARROW_ASSIGN_OR_RAISE(Value key, NestedFromText(Trim(item.substr(0, colon)), type.key()));
    ARROW_ASSIGN_OR_RAISE(Value element,
                          NestedFromText(Trim(item.substr(colon + 1)), type.element()));
    map.emplace_back(std::move(key), std::move(element));
  }
  return Value(std::move(map));
}

template <typename Number>
bool ReadWhole(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

base::Result<Value> IntFromText(std::string_view text, const Type& type) {
  int64_t number = 0;
  if (!ReadWhole(text, &number) || !RangeOf(type.kind()).Contains(number)) {
    return Unreadable(text, type);
  }
  return Value(number);
}

}  // namespace

std::string ToText(const Value& value, const Type& type) {
  if (value.is_null()) return "null";
  switch (type.kind()) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.as_bool() ? "true" : "false";
    case Kind::kUInt64:
      return std::to_string(value.as_uint());
    case Kind::kFloat32:
    case Kind::kFloat64:
      return FloatText(value.as_float());
    case Kind::kString:
    case Kind::kBytes:
      return value.as_string();
    case Kind::kDate: {
      int64_t micros = 0;
      if (__builtin_mul_overflow(value.as_int(), kMicrosPerDay, &micros)) break;
      const std::string text = base::FormatTime(base::EventTime::Micros(micros));
      return text.substr(0, text.find('T'));
    }
    case Kind::kTimestamp:
      return base::FormatTime(base::EventTime::Micros(value.as_int()));
    case Kind::kDuration:
      return base::FormatDuration(base::Duration::Micros(value.as_int()));
    case Kind::kList:
    case Kind::kVector: {
      std::string text = "[";
      for (const Value& element : value.as_list()) {
        if (text.size() > 1) text += ", ";
        text += NestedText(element, type.element());
      }
      return text + "]";
    }
    case Kind::kMap: {
      std::string text = "{";
      for (const auto& [key, element] : value.as_map()) {
        if (text.size() > 1) text += ", ";
        text += NestedText(key, type.key()) + ": " + NestedText(element, type.element());
      }
      return text + "}";
    }
    default:
      break;
  }
  return std::to_string(value.as_int());
}

base::Result<Value> FromText(std::string_view text, const Type& type) {
  switch (type.kind()) {
    case Kind::kNull:
      return Value();
    case Kind::kBool:
      if (text == "true") return Value(true);
      if (text == "false") return Value(false);
      return Unreadable(text, type);
    case Kind::kUInt64: {
      uint64_t number = 0;
      if (!ReadWhole(text, &number)) return Unreadable(text, type);
      return Value(number);
    }
    case Kind::kFloat32:
    case Kind::kFloat64: {
      const std::optional<double> number = ParseFloat(text);
      if (!number.has_value()) return Unreadable(text, type);
      const bool narrow = type.kind() == Kind::kFloat32;
      return Value(narrow ? static_cast<double>(static_cast<float>(*number)) : *number);
    }
    case Kind::kString:
    case Kind::kBytes:
      return Value(std::string(text));
    case Kind::kDate: {
      const base::Result<base::EventTime> time = base::ParseTime(text);
      if (!time.ok() || text.size() != 10) return Unreadable(text, type);
      return Value(base::FloorDiv(time->micros(), kMicrosPerDay));
    }
    case Kind::kTimestamp: {
      const base::Result<base::EventTime> time = base::ParseTime(text);
      if (!time.ok()) return Unreadable(text, type);
      return Value(time->micros());
    }
    case Kind::kDuration: {
      const base::Result<base::Duration> duration = base::ParseDuration(text);
      if (!duration.ok()) return Unreadable(text, type);
      return Value(duration->micros());
    }
    case Kind::kList:
    case Kind::kVector:
      return ListFromText(text, type);
    case Kind::kMap:
      return MapFromText(text, type);
    default:
      return IntFromText(text, type);
  }
}

}  // namespace millrace::columns
