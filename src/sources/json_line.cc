#include "sources/json_line.h"

#include <fmt/format.h>

#include <utility>

#include "sources/json_cell.h"

namespace millrace::sources {
namespace {

using columns::ColumnBuffer;
using simdjson::ondemand::value;

// A field of an object that is wanted, itself or something inside it.
struct Field {
  std::string key;
  std::vector<size_t> columns;  // that are this field, all of one type
  int node = -1;                // of the objects' fields when some column is inside; -1: none
};

using Node = std::vector<Field>;

constexpr int kNestingMax = 32;

}  // namespace

struct JsonLine::Parser {
  std::vector<WantedColumn> columns;
  features::TimestampUnit unit;
  std::vector<Node> nodes{1};  // the first is the line's object
  simdjson::ondemand::parser parser;
  std::vector<BadText> bad_texts;
  std::vector<ColumnBuffer>* out = nullptr;
  int64_t row = 0;  // size of every buffer before this line
  std::string why;

  void Want(size_t column, size_t node, std::string_view path, int depth);
  Field* FindOrAdd(size_t node, std::string_view key);
  const Field* Find(size_t node, std::string_view key, size_t* next) const;
  bool ReadObject(simdjson::ondemand::object object, size_t node);
  bool ReadField(value item, const Field& field);
  bool ReadCells(value item, const Field& field);
  bool ReadInner(value item, size_t node);
  void MarkBad(size_t node);
  bool Fail(std::string message) {
    if (why.empty()) why = std::move(message);
    return false;
  }
  std::string Read(std::string_view line);
};

Field* JsonLine::Parser::FindOrAdd(size_t node, std::string_view key) {
  for (Field& field : nodes[node]) {
    if (field.key == key) return &field;
  }
  nodes[node].push_back({std::string(key), {}, -1});
  return &nodes[node].back();
}

void JsonLine::Parser::Want(size_t column, size_t node, std::string_view path, int depth) {
  FindOrAdd(node, path)->columns.push_back(column);
  const size_t dot = path.find('.');
  if (dot == std::string_view::npos || depth >= kNestingMax) return;
  Field* outer = FindOrAdd(node, path.substr(0, dot));
  if (outer->node < 0) {
    outer->node = static_cast<int>(nodes.size());
    const auto inner = static_cast<size_t>(outer->node);
    nodes.emplace_back();
    return Want(column, inner, path.substr(dot + 1), depth + 1);
  }
  Want(column, static_cast<size_t>(outer->node), path.substr(dot + 1), depth + 1);
}

// Fields mostly come in one order: the search goes on where the last one ended.
const Field* JsonLine::Parser::Find(size_t node, std::string_view key, size_t* next) const {
  const Node& fields = nodes[node];
  for (size_t i = 0; i < fields.size(); ++i) {
    const size_t at = (*next + i) % fields.size();
    if (fields[at].key != key) continue;
    *next = at + 1;
    return &fields[at];
  }
  return nullptr;
}

bool JsonLine::Parser::ReadObject(simdjson::ondemand::object object, size_t node) {
  size_t next = 0;
  for (auto item : object) {
    std::string_view key;
    value inner;
    if (item.unescaped_key().get(key) != simdjson::SUCCESS) return Fail("not JSON");
    const Field* field = Find(node, key, &next);
    if (item.value().get(inner) != simdjson::SUCCESS) return Fail("not JSON");
    const bool read = field == nullptr ? SkipJsonValue(inner) : ReadField(inner, *field);
    if (!read) return Fail("not JSON");
  }
  return true;
}

bool JsonLine::Parser::ReadField(value item, const Field& field) {
  if (field.node < 0) return ReadCells(item, field);
  simdjson::ondemand::json_type type;
  if (item.type().get(type) != simdjson::SUCCESS) return false;
  // An object is what the columns inside it are read from, whatever else bears its name.
  if (type == simdjson::ondemand::json_type::object) {
    return ReadInner(item, static_cast<size_t>(field.node));
  }
  if (type != simdjson::ondemand::json_type::null) MarkBad(static_cast<size_t>(field.node));
  return field.columns.empty() ? SkipJsonValue(item) : ReadCells(item, field);
}

bool JsonLine::Parser::ReadInner(value item, size_t node) {
  simdjson::ondemand::object object;
  if (item.get_object().get(object) != simdjson::SUCCESS) return false;
  return ReadObject(object, node);
}

// What should hold the columns of `node` is no object.
void JsonLine::Parser::MarkBad(size_t node) {
  for (const Field& field : nodes[node]) {
    for (const size_t column : field.columns) {
      if ((*out)[column].size() == row) (*out)[column].AppendCell(columns::kBadCast);
    }
    if (field.node >= 0) MarkBad(static_cast<size_t>(field.node));
  }
}

bool JsonLine::Parser::ReadCells(value item, const Field& field) {
  const std::string_view token = JsonToken(&item);
  const size_t first = field.columns.front();
  if ((*out)[first].size() > row) return Fail(fmt::format("field '{}' twice", field.key));
  if (!AppendJsonValue(item, unit, &(*out)[first])) return false;
  const bool bad = (*out)[first].cells()[row] > columns::kValid;
  for (const size_t column : field.columns) {
    if (column != first) (*out)[column].AppendFrom((*out)[first].View(), row);
    if (bad && columns[column].is_time) bad_texts.push_back({row, column, std::string(token)});
  }
  return true;
}

std::string JsonLine::Parser::Read(std::string_view line) {
  const simdjson::padded_string_view padded(line.data(), line.size(),
                                            line.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (const auto error = parser.iterate(padded).get(document); error != simdjson::SUCCESS) {
    return error == simdjson::UTF8_ERROR ? "not UTF-8" : "not JSON";
  }
  if (document.get_object().get(object) != simdjson::SUCCESS) return "not a JSON object";
  if (!ReadObject(object, 0)) return why;
  return EndsHere(&document) ? "" : "text behind the object";
}

JsonLine::JsonLine() : parser_(std::make_unique<Parser>()) {}

base::Result<JsonLine> JsonLine::Make(const std::vector<WantedColumn>& columns,
                                      features::TimestampUnit unit) {
  for (const WantedColumn& a : columns) {
    for (const WantedColumn& b : columns) {
      const bool inside = b.path.starts_with(a.path + ".");
      if (!inside && (a.path != b.path || a.type == b.type)) continue;
      return base::Error(base::codes::kTypeMismatch,
                         fmt::format("columns '{}' ({}) and '{}' ({}) are read from one field, "
                                     "'{}', by different types",
                                     a.name, a.type.ToString(), b.name,
                                     inside ? "inside an object" : b.type.ToString(), a.path));
    }
  }
  JsonLine line;
  line.parser_->columns = columns;
  line.parser_->unit = unit;
  for (size_t i = 0; i < columns.size(); ++i) line.parser_->Want(i, 0, columns[i].path, 0);
  return line;
}

JsonLine::~JsonLine() = default;
JsonLine::JsonLine(JsonLine&&) noexcept = default;

std::string JsonLine::Read(std::string_view line, std::vector<ColumnBuffer>* out) {
  parser_->out = out;
  parser_->row = out->empty() ? 0 : out->front().size();
  parser_->why.clear();
  parser_->bad_texts.clear();
  std::string why = parser_->Read(line);
  for (ColumnBuffer& buffer : *out) {
    if (buffer.size() == parser_->row) buffer.AppendNull();
  }
  return why;
}

const std::vector<BadText>& JsonLine::bad_texts() const {
  return parser_->bad_texts;
}

}  // namespace millrace::sources
