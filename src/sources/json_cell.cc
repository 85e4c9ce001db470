#include "sources/json_cell.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "sources/cell_text.h"

namespace millrace::sources {
namespace {

using columns::Cell;
using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using features::TimestampUnit;
using simdjson::ondemand::json_type;
using simdjson::ondemand::value;

constexpr int kDepthMax = 256;

size_t DigitsEnd(std::string_view text, size_t from) {
  while (from < text.size() && text[from] >= '0' && text[from] <= '9') ++from;
  return from;
}

// RFC 8259's grammar. simdjson reads a number only when it is asked for one of a type.
bool IsNumber(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const size_t whole = DigitsEnd(text, at);
  if (whole == at || (text[at] == '0' && whole > at + 1)) return false;
  at = whole;
  if (at < text.size() && text[at] == '.') {
    const size_t end = DigitsEnd(text, at + 1);
    if (end == at + 1) return false;
    at = end;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t end = DigitsEnd(text, at);
    if (end == at) return false;
    at = end;
  }
  return at == text.size();
}

bool IsInteger(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos;
}

bool Skip(value item, int depth);

bool SkipArray(value item, int depth) {
  simdjson::ondemand::array array;
  if (item.get_array().get(array) != simdjson::SUCCESS) return false;
  for (auto element : array) {
    value inner;
    if (element.get(inner) != simdjson::SUCCESS || !Skip(inner, depth + 1)) return false;
  }
  return true;
}

bool SkipObject(value item, int depth) {
  simdjson::ondemand::object object;
  if (item.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto field : object) {
    std::string_view key;
    value inner;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    if (field.value().get(inner) != simdjson::SUCCESS || !Skip(inner, depth + 1)) return false;
  }
  return true;
}

bool Skip(value item, int depth) {
  json_type type;
  if (depth > kDepthMax || item.type().get(type) != simdjson::SUCCESS) return false;
  switch (type) {
    case json_type::array:
      return SkipArray(item, depth);
    case json_type::object:
      return SkipObject(item, depth);
    case json_type::number:
      return IsNumber(JsonToken(&item));
    case json_type::string: {
      std::string_view text;
      return item.get_string().get(text) == simdjson::SUCCESS;
    }
    case json_type::boolean: {
      bool flag = false;
      return item.get_bool().get(flag) == simdjson::SUCCESS;
    }
    case json_type::null: {
      bool null = false;
      return item.is_null().get(null) == simdjson::SUCCESS && null;
    }
  }
  return false;
}

bool AppendNumber(value item, TimestampUnit unit, ColumnBuffer* out) {
  const std::string_view token = JsonToken(&item);
  if (!IsNumber(token)) return false;
  const columns::Type& type = out->type();
  if (type.is_numeric() || type.kind() == Kind::kTimestamp) {
    AppendScalar(token, unit, out);
  } else if (type.kind() == Kind::kString && IsInteger(token)) {
    out->AppendString(token);
  } else {
    out->AppendCell(columns::kBadCast);
  }
  return true;
}

bool AppendText(value item, TimestampUnit unit, ColumnBuffer* out) {
  std::string_view text;
  if (item.get_string().get(text) != simdjson::SUCCESS) return false;
  switch (out->type().physical()) {
    case columns::Physical::kList:
    case columns::Physical::kMap:
      out->AppendCell(columns::kBadCast);
      return true;
    default:
      AppendScalar(text, unit, out);
      return true;
  }
}

bool AppendBoolean(value item, ColumnBuffer* out) {
  bool flag = false;
  if (item.get_bool().get(flag) != simdjson::SUCCESS) return false;
  if (out->type().kind() == Kind::kBool) {
    out->AppendBool(flag);
  } else {
    out->AppendCell(columns::kBadCast);
  }
  return true;
}

bool AppendArray(value item, TimestampUnit unit, ColumnBuffer* out) {
  const columns::Type& type = out->type();
  if (type.kind() != Kind::kList && type.kind() != Kind::kVector) {
    out->AppendCell(columns::kBadCast);
    return Skip(item, 0);
  }
  simdjson::ondemand::array array;
  if (item.get_array().get(array) != simdjson::SUCCESS) return false;
  Cell worst = columns::kValid;
  int64_t count = 0;
  ColumnBuffer* elements = out->elements();
  for (auto element : array) {
    value inner;
    if (element.get(inner) != simdjson::SUCCESS || !AppendJsonValue(inner, unit, elements)) {
      return false;
    }
    const auto cell = static_cast<Cell>(elements->cells()[elements->size() - 1]);
    if (cell > columns::kValid && worst == columns::kValid) worst = cell;
    if (cell == columns::kNullCell && type.kind() == Kind::kVector) worst = columns::kVectorLength;
    ++count;
  }
  if (worst == columns::kValid && type.kind() == Kind::kVector && count != type.vector_size()) {
    worst = columns::kVectorLength;
  }
  if (worst == columns::kValid) {
    out->CloseList();
  } else {
    out->AppendCell(worst);
  }
  return true;
}

// The fields of one map, to be sorted.
struct Entries {
  explicit Entries(const columns::Type& type) : keys(type.key()), values(type.element()) {}
  ColumnBuffer keys;
  ColumnBuffer values;
  bool bad = false;
};

bool ReadEntries(value item, TimestampUnit unit, Entries* entries) {
  simdjson::ondemand::object object;
  if (item.get_object().get(object) != simdjson::SUCCESS) return false;
  const bool scalar_key = entries->keys.type().physical() != columns::Physical::kList;
  for (auto field : object) {
    std::string_view key;
    value inner;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    if (scalar_key) {
      AppendScalar(key, unit, &entries->keys);
    } else {
      entries->keys.AppendCell(columns::kBadCast);
    }
    if (field.value().get(inner) != simdjson::SUCCESS) return false;
    if (!AppendJsonValue(inner, unit, &entries->values)) return false;
    const int64_t last = entries->values.size() - 1;
    entries->bad |= entries->keys.cells()[last] != columns::kValid ||
                    entries->values.cells()[last] > columns::kValid;
  }
  return true;
}

bool AppendObject(value item, TimestampUnit unit, ColumnBuffer* out) {
  if (out->type().kind() != Kind::kMap) {
    out->AppendCell(columns::kBadCast);
    return Skip(item, 0);
  }
  Entries entries(out->type());
  if (!ReadEntries(item, unit, &entries)) return false;
  const Column keys = entries.keys.View();
  std::vector<int64_t> order(static_cast<size_t>(keys.size));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&keys](int64_t a, int64_t b) { return columns::CompareCells(keys, a, keys, b) < 0; });
  for (size_t i = 1; i < order.size(); ++i) {
    entries.bad |= columns::CompareCells(keys, order[i - 1], keys, order[i]) == 0;
  }
  if (entries.bad) {
    out->AppendCell(columns::kBadCast);
    return true;
  }
  for (const int64_t i : order) {
    out->keys()->AppendFrom(keys, i);
    out->elements()->AppendFrom(entries.values.View(), i);
  }
  out->CloseList();
  return true;
}

}  // namespace

bool AppendJsonValue(value item, TimestampUnit unit, ColumnBuffer* out) {
  json_type type;
  if (item.type().get(type) != simdjson::SUCCESS) return false;
  switch (type) {
    case json_type::array:
      return AppendArray(item, unit, out);
    case json_type::object:
      return AppendObject(item, unit, out);
    case json_type::number:
      return AppendNumber(item, unit, out);
    case json_type::string:
      return AppendText(item, unit, out);
    case json_type::boolean:
      return AppendBoolean(item, out);
    case json_type::null:
      if (!Skip(item, 0)) return false;
      out->AppendNull();
      return true;
  }
  return false;
}

bool SkipJsonValue(value item) {
  return Skip(item, 0);
}

std::string_view JsonToken(value* item) {
  std::string_view token = item->raw_json_token();
  const size_t last = token.find_last_not_of(" \t\r\n");
  return token.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool EndsHere(simdjson::ondemand::document* document) {
  return document->current_location().error() == simdjson::OUT_OF_BOUNDS;
}

bool JsonText::Read(TimestampUnit unit, ColumnBuffer* out) {
  const simdjson::padded_string_view text(padded_.data(), size_, padded_.size());
  simdjson::ondemand::document document;
  if (parser_.iterate(text).get(document) != simdjson::SUCCESS) return false;
  value root;
  if (document.get_value().get(root) != simdjson::SUCCESS) return false;  // not for a bare scalar
  return AppendJsonValue(root, unit, out) && EndsHere(&document);
}

void JsonText::Append(std::string_view text, TimestampUnit unit, ColumnBuffer* out) {
  size_ = text.size();
  padded_.assign(text);
  padded_.append(simdjson::SIMDJSON_PADDING, '\0');
  // Read apart, for what follows the value is seen after the value.
  ColumnBuffer one(out->type());
  if (Read(unit, &one) && one.size() == 1) {
    out->AppendFrom(one.View(), 0);
  } else {
    out->AppendCell(columns::kBadCast);
  }
}

}  // namespace millrace::sources
