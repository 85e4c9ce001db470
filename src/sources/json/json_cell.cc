#include "sources/json/json_cell.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "sources/cells/cell_text.h"

namespace millrace::sources {
namespace {

using columns::Cell;
using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::Physical;
using features::TimestampUnit;

bool IsInteger(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos;
}

// The fields of one map, to be sorted.
struct Entries {
  explicit Entries(const columns::Type& type) : keys(type.key()), values(type.element()) {}
  ColumnBuffer keys;
  ColumnBuffer values;
};

}  // namespace

// A list, vector or map that is being read into `out`.
struct JsonCells::Frame {
  ColumnBuffer* out;
  std::unique_ptr<Entries> entries;  // of a map
  int64_t count = 0;
  Cell worst = columns::kValid;
};

JsonCells::JsonCells(TimestampUnit unit) : unit_(unit) {}
JsonCells::~JsonCells() = default;
JsonCells::JsonCells(JsonCells&&) noexcept = default;

void JsonCells::Begin(ColumnBuffer* out) {
  root_ = out;
  frames_.clear();
  skipped_ = 0;
  done_ = false;
}

// Where the next value goes.
ColumnBuffer* JsonCells::Target() {
  if (frames_.empty()) return root_;
  const Frame& frame = frames_.back();
  return frame.entries != nullptr ? &frame.entries->values : frame.out->elements();
}

// A cell was appended to the target.
void JsonCells::Appended() {
  if (frames_.empty()) {
    done_ = true;
    return;
  }
  Frame& frame = frames_.back();
  ColumnBuffer* target = Target();
  const auto cell = static_cast<Cell>(target->cells()[target->size() - 1]);
  ++frame.count;
  if (frame.worst != columns::kValid) return;
  if (cell > columns::kValid) frame.worst = cell;
  const bool vector = frame.out->type().kind() == Kind::kVector;
  if (cell == columns::kNullCell && vector) frame.worst = columns::kVectorLength;
}

void JsonCells::Null() {
  if (skipped_ > 0) return;
  Target()->AppendNull();
  Appended();
}

void JsonCells::Boolean(bool value) {
  if (skipped_ > 0) return;
  text_ = value ? "true" : "false";
  ColumnBuffer* out = Target();
  if (out->type().kind() == Kind::kBool) {
    out->AppendBool(value);
  } else {
    out->AppendCell(columns::kBadCast);
  }
  Appended();
}

void JsonCells::Number(std::string_view token) {
  if (skipped_ > 0) return;
  text_ = token;
  ColumnBuffer* out = Target();
  const columns::Type& type = out->type();
  if (type.is_numeric() || type.kind() == Kind::kTimestamp) {
    AppendScalar(token, unit_, out);
  } else if (type.kind() == Kind::kString && IsInteger(token)) {
    out->AppendString(token);
  } else {
    out->AppendCell(columns::kBadCast);
  }
  Appended();
}

void JsonCells::String(std::string_view value) {
  if (skipped_ > 0) return;
  text_ = value;
  ColumnBuffer* out = Target();
  const Physical physical = out->type().physical();
  if (physical == Physical::kList || physical == Physical::kMap) {
    out->AppendCell(columns::kBadCast);
  } else {
    AppendScalar(value, unit_, out);
  }
  Appended();
}

// Opens what the target is to hold, or begins to skip.
void JsonCells::Open(bool fits, bool is_map) {
  if (skipped_ > 0 || !fits) {
    ++skipped_;
    return;
  }
  ColumnBuffer* out = Target();
  Frame frame{out, nullptr};
  if (is_map) frame.entries = std::make_unique<Entries>(out->type());
  frames_.push_back(std::move(frame));
}

void JsonCells::StartArray() {
  if (skipped_ == 0) text_ = "[…]";
  const Kind kind = skipped_ > 0 ? Kind::kNull : Target()->type().kind();
  Open(kind == Kind::kList || kind == Kind::kVector, false);
}

void JsonCells::StartObject() {
  if (skipped_ == 0) text_ = "{…}";
  Open(skipped_ == 0 && Target()->type().kind() == Kind::kMap, true);
}

void JsonCells::Key(std::string_view key) {
  if (skipped_ > 0) return;
  Frame& frame = frames_.back();
  ColumnBuffer* keys = &frame.entries->keys;
  if (keys->type().physical() == Physical::kList) {
    keys->AppendCell(columns::kBadCast);
  } else {
    AppendScalar(key, unit_, keys);
  }
  if (keys->cells()[keys->size() - 1] != columns::kValid) frame.worst = columns::kBadCast;
}

void JsonCells::CloseList(const Frame& frame) {
  const columns::Type& type = frame.out->type();
  Cell worst = frame.worst;
  if (worst == columns::kValid && type.kind() == Kind::kVector &&
      frame.count != type.vector_size()) {
    worst = columns::kVectorLength;
  }
  // What a bad list holds stays where it is: the cells of a list that is no value mean nothing.
  return worst == columns::kValid ? frame.out->CloseList() : frame.out->AppendCell(worst);
}

void JsonCells::CloseMap(Frame* frame) {
  const Column keys = frame->entries->keys.View();
  const Column values = frame->entries->values.View();
  std::vector<int64_t> order(static_cast<size_t>(keys.size));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&keys](int64_t a, int64_t b) { return columns::CompareCells(keys, a, keys, b) < 0; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (columns::CompareCells(keys, order[i - 1], keys, order[i]) == 0) {
      frame->worst = columns::kBadCast;
    }
  }
  if (frame->worst != columns::kValid) return frame->out->AppendCell(frame->worst);
  for (const int64_t i : order) {
    frame->out->keys()->AppendFrom(keys, i);
    frame->out->elements()->AppendFrom(values, i);
  }
  frame->out->CloseList();
}

void JsonCells::EndArray() {
  if (skipped_ > 0) {
    if (--skipped_ > 0) return;
    Target()->AppendCell(columns::kBadCast);
  } else {
    const Frame frame = std::move(frames_.back());
    frames_.pop_back();
    CloseList(frame);
  }
  Appended();
}

void JsonCells::EndObject() {
  if (skipped_ > 0) return EndArray();
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  CloseMap(&frame);
  Appended();
}

namespace {

// nlohmann's events of one document that is one value.
struct OneValue {
  JsonCells* cells;
  using json = nlohmann::json;

  bool null() {
    cells->Null();
    return true;
  }
  bool boolean(bool value) {
    cells->Boolean(value);
    return true;
  }
  bool number_integer(json::number_integer_t value) { return Integer(fmt::format_int(value)); }
  bool number_unsigned(json::number_unsigned_t value) { return Integer(fmt::format_int(value)); }
  bool number_float(json::number_float_t, const std::string& token) {
    cells->Number(token);
    return true;
  }
  bool string(std::string& value) {
    cells->String(value);
    return true;
  }
  bool binary(json::binary_t&) { return false; }
  bool start_object(size_t) {
    cells->StartObject();
    return true;
  }
  bool key(std::string& key) {
    cells->Key(key);
    return true;
  }
  bool end_object() {
    cells->EndObject();
    return true;
  }
  bool start_array(size_t) {
    cells->StartArray();
    return true;
  }
  bool end_array() {
    cells->EndArray();
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) { return false; }
  bool Integer(const fmt::format_int& value) {
    cells->Number({value.data(), value.size()});
    return true;
  }
};

}  // namespace

void JsonText::Append(std::string_view text, ColumnBuffer* out) {
  // Read apart, for what follows the value is seen after the value.
  ColumnBuffer one(out->type());
  cells_.Begin(&one);
  OneValue events{&cells_};
  const bool read = nlohmann::json::sax_parse(text.data(), text.data() + text.size(), &events);
  const bool container = one.size() == 1 && one.cells()[0] != columns::kNullCell;
  if (read && container) {
    out->AppendFrom(one.View(), 0);
  } else {
    out->AppendCell(columns::kBadCast);
  }
}

}  // namespace millrace::sources
