#include "sources/json/json_line.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "sources/json/json_cell.h"

namespace millrace::sources {
namespace {

using columns::ColumnBuffer;

// A field of an object that is wanted, itself or something inside it.
struct Field {
  std::string key;
  std::vector<size_t> columns;  // that are this field, all of one type
  int node = -1;                // of the objects' fields when some column is inside; -1: none
};

using Node = std::vector<Field>;

constexpr int kNestingMax = 32;

}  // namespace

// The events of one line, sent on to the cells they belong to.
struct JsonLine::Parser {
  explicit Parser(features::TimestampUnit unit) : cells(unit) {}

  std::vector<WantedColumn> columns;
  std::vector<Node> nodes{1};  // the first is the line's object
  JsonCells cells;
  std::vector<BadText> bad_texts;
  std::vector<ColumnBuffer>* out = nullptr;
  int64_t row = 0;  // size of every buffer before this line
  std::string why;

  struct Open {
    size_t node;
    size_t next;  // where the search for a key begins
  };
  std::vector<Open> open;        // the objects that are being read, the line's first
  const Field* field = nullptr;  // whose value comes next; nullptr: an unknown field's
  bool in_cells = false;         // the events go to `cells`
  int64_t skipped = 0;           // open arrays and objects of an unknown field
  bool closed = false;           // the line's object is complete

  void Want(size_t column, size_t node, std::string_view path, int depth);
  Field* FindOrAdd(size_t node, std::string_view key);
  const Field* Find(Open* object, std::string_view key) const;
  bool Begin();
  void End();
  void MarkBad(size_t node);
  bool Enter(size_t node) {
    open.push_back({node, 0});
    return true;
  }
  bool Skip() {
    ++skipped;
    return true;
  }
  bool Unskip() {
    --skipped;
    return true;
  }
  bool Fail(std::string message) {
    if (why.empty()) why = std::move(message);
    return false;
  }
  std::string Read(std::string_view line);

  template <typename Event>
  bool Scalar(Event event, bool is_null = false);
  bool Integer(const fmt::format_int& value) {
    return Scalar([&] { cells.Number({value.data(), value.size()}); });
  }

  using json = nlohmann::json;
  bool null() {
    return Scalar([&] { cells.Null(); }, true);
  }
  bool boolean(bool value) {
    return Scalar([&] { cells.Boolean(value); });
  }
  bool number_integer(json::number_integer_t value) { return Integer(fmt::format_int(value)); }
  bool number_unsigned(json::number_unsigned_t value) { return Integer(fmt::format_int(value)); }
  bool number_float(json::number_float_t, const std::string& token) {
    return Scalar([&] { cells.Number(token); });
  }
  bool string(std::string& value) {
    return Scalar([&] { cells.String(value); });
  }
  bool binary(json::binary_t&) { return false; }
  bool start_object(size_t);
  bool key(std::string& key);
  bool end_object();
  bool start_array(size_t);
  bool end_array();
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error);
};

Field* JsonLine::Parser::FindOrAdd(size_t node, std::string_view key) {
  for (Field& known : nodes[node]) {
    if (known.key == key) return &known;
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
const Field* JsonLine::Parser::Find(Open* object, std::string_view key) const {
  const Node& fields = nodes[object->node];
  for (size_t i = 0; i < fields.size(); ++i) {
    const size_t at = (object->next + i) % fields.size();
    if (fields[at].key != key) continue;
    object->next = at + 1;
    return &fields[at];
  }
  return nullptr;
}

// The value of `field` begins, and is no object that columns are inside.
bool JsonLine::Parser::Begin() {
  if (field->columns.empty()) {
    field = nullptr;
    return true;
  }
  ColumnBuffer* first = &(*out)[field->columns.front()];
  if (first->size() > row) return Fail(fmt::format("field '{}' twice", field->key));
  cells.Begin(first);
  in_cells = true;
  return true;
}

// The value of `field` may be complete.
void JsonLine::Parser::End() {
  if (!cells.done()) return;
  in_cells = false;
  const ColumnBuffer& first = (*out)[field->columns.front()];
  for (const size_t column : field->columns) {
    if (column != field->columns.front()) (*out)[column].AppendFrom(first.View(), row);
    const bool bad = (*out)[column].cells()[row] > columns::kValid;
    if (bad && columns[column].is_time) bad_texts.push_back({row, column, cells.text()});
  }
  field = nullptr;
}

// What should hold the columns of `node` is no object.
void JsonLine::Parser::MarkBad(size_t node) {
  for (const Field& inner : nodes[node]) {
    for (const size_t column : inner.columns) {
      if ((*out)[column].size() == row) (*out)[column].AppendCell(columns::kBadCast);
    }
    if (inner.node >= 0) MarkBad(static_cast<size_t>(inner.node));
  }
}

template <typename Event>
bool JsonLine::Parser::Scalar(Event event, bool is_null) {
  if (skipped > 0) return true;
  if (open.empty()) return Fail("not a JSON object");
  if (!in_cells && field != nullptr) {
    if (field->node >= 0 && !is_null) MarkBad(static_cast<size_t>(field->node));
    if (!Begin()) return false;
  }
  if (!in_cells) return true;
  event();
  End();
  return true;
}

bool JsonLine::Parser::start_object(size_t) {
  if (skipped > 0) return Skip();
  if (!in_cells) {
    if (open.empty()) return Enter(0);
    if (field != nullptr && field->node >= 0) return Enter(static_cast<size_t>(field->node));
    if (field != nullptr && !Begin()) return false;
    if (field == nullptr) return Skip();
  }
  cells.StartObject();
  return true;
}

bool JsonLine::Parser::start_array(size_t) {
  if (skipped > 0) return Skip();
  if (open.empty()) return Fail("not a JSON object");
  if (!in_cells) {
    if (field != nullptr && field->node >= 0) MarkBad(static_cast<size_t>(field->node));
    if (field != nullptr && !Begin()) return false;
    if (field == nullptr) return Skip();
  }
  cells.StartArray();
  return true;
}

bool JsonLine::Parser::key(std::string& key) {
  if (skipped > 0) return true;
  if (in_cells) {
    cells.Key(key);
  } else {
    field = Find(&open.back(), key);
  }
  return true;
}

bool JsonLine::Parser::end_object() {
  if (skipped > 0) return Unskip();
  if (in_cells) {
    cells.EndObject();
    End();
    return true;
  }
  open.pop_back();
  closed = open.empty();
  return true;
}

bool JsonLine::Parser::end_array() {
  if (skipped > 0) return Unskip();
  cells.EndArray();
  End();
  return true;
}

bool JsonLine::Parser::parse_error(size_t, const std::string&,
                                   const nlohmann::detail::exception& error) {
  constexpr int kNumberOverflow = 406;
  if (error.id == kNumberOverflow) return Fail("a number beyond float64");
  return Fail(closed ? "text behind the object" : "not JSON");
}

std::string JsonLine::Parser::Read(std::string_view line) {
  open.clear();
  field = nullptr;
  in_cells = false;
  skipped = 0;
  closed = false;
  why.clear();
  bad_texts.clear();
  const bool read = json::sax_parse(line.data(), line.data() + line.size(), this);
  return read ? "" : why;
}

JsonLine::JsonLine(features::TimestampUnit unit) : parser_(std::make_unique<Parser>(unit)) {}

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
  JsonLine line(unit);
  line.parser_->columns = columns;
  for (size_t i = 0; i < columns.size(); ++i) line.parser_->Want(i, 0, columns[i].path, 0);
  return line;
}

JsonLine::~JsonLine() = default;
JsonLine::JsonLine(JsonLine&&) noexcept = default;

std::string JsonLine::Read(std::string_view line, std::vector<ColumnBuffer>* out) {
  parser_->out = out;
  parser_->row = out->empty() ? 0 : out->front().size();
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
