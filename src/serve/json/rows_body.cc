#include "serve/json/rows_body.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/time.h"
#include "sources/cells/cell_text.h"
#include "sources/cells/shown_text.h"

namespace millrace::serve {

namespace dom = simdjson::dom;
using base::Result;

namespace {

constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();
constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / 1'000'000;

// What is no time stays as it is: who reads the row says so.
void AppendFeastTimes(dom::element value, std::string* out) {
  int64_t seconds = 0;
  std::string_view text;
  if (dom::array list; value.get(list) == simdjson::SUCCESS) {
    *out += '[';
    for (const dom::element element : list) {
      if (out->back() != '[') *out += ',';
      AppendFeastTimes(element, out);
    }
    *out += ']';
  } else if (value.get(text) == simdjson::SUCCESS && text == "NaT") {
    *out += "null";
  } else if (value.get(seconds) != simdjson::SUCCESS) {
    *out += simdjson::minify(value);
  } else if (seconds == kNoTime) {
    *out += "null";
  } else if (seconds < -kSecondsMax || seconds > kSecondsMax) {
    *out += simdjson::minify(value);
  } else {
    *out += '"' + base::FormatTime(base::EventTime::Micros(seconds * 1'000'000)) + '"';
  }
}

std::string_view NameOf(features::TimestampUnit unit) {
  switch (unit) {
    case features::TimestampUnit::kSeconds:
      return "seconds";
    case features::TimestampUnit::kMillis:
      return "milliseconds";
    case features::TimestampUnit::kMicros:
      return "microseconds";
    case features::TimestampUnit::kNanos:
      return "nanoseconds";
    case features::TimestampUnit::kNone:
      break;
  }
  return "";
}

// The time as an integer of the field's unit. False: it is none.
bool AppendCount(dom::element value, features::TimestampUnit unit, std::string* out) {
  std::string text;
  AppendFeastTimes(value, &text);
  if (text == "null") {
    *out += text;
    return true;
  }
  if (text.front() != '"') return false;
  const auto count = sources::CountOf(std::string_view(text).substr(1, text.size() - 2), unit);
  if (count.has_value()) *out += fmt::to_string(*count);
  return count.has_value();
}

// What a cell becomes in its row, of this number.
base::Status AppendCell(dom::element value, const RowField& field, size_t number,
                        std::string* out) {
  if (!field.feast_times) {
    *out += simdjson::minify(value);
  } else if (field.unit == features::TimestampUnit::kNone) {
    AppendFeastTimes(value, out);
  } else if (!AppendCount(value, field.unit, out)) {
    return base::Error(
        base::codes::kBadValue,
        fmt::format("row {}: column '{}' is {}; expected a time (ISO-8601) that is a whole number "
                    "of {}",
                    number, field.name, sources::ShownText(std::string(simdjson::minify(value))),
                    NameOf(field.unit)));
  }
  return base::Status::OK();
}

}  // namespace

Result<std::vector<std::string>> RowsOf(const BodyFields& fields, const RowFieldOf& field_of,
                                        int64_t rows_max) {
  const dom::element* df = fields.Find("df");
  if (df == nullptr) {
    return base::Error(base::codes::kMissingField, "'df' is missing: an object of lists");
  }
  dom::object columns;
  if (df->get(columns) != simdjson::SUCCESS) return WrongKind("df", "an object of lists", *df);
  std::vector<std::string> rows;
  std::set<std::string_view> seen;
  for (const auto& [column, value] : columns) {
    dom::array list;
    if (value.get(list) != simdjson::SUCCESS) return WrongKind(column, "a list", value);
    if (!seen.insert(column).second) {
      return base::Error(base::codes::kBadValue, fmt::format("'df': '{}' is there twice", column));
    }
    const size_t size = list.size();
    if (static_cast<int64_t>(size) > rows_max) {
      return base::Error(
          base::codes::kTooLarge,
          fmt::format("'df' has {} rows; at most {} are taken at once", size, rows_max));
    }
    if (seen.size() == 1) rows.assign(size, "{");
    if (size != rows.size()) {
      return base::Error(
          base::codes::kBadValue,
          fmt::format("'df': '{}' has {} values, and others have {}", column, size, rows.size()));
    }
    const RowField field = field_of(column);
    if (field.name.empty()) continue;
    const std::string name = nlohmann::json(field.name).dump() + ":";
    size_t row = 0;
    for (const dom::element element : list) {
      std::string& text = rows[row++];
      if (text.size() > 1) text += ',';
      text += name;
      ARROW_RETURN_NOT_OK(AppendCell(element, field, row, &text));
    }
  }
  for (std::string& row : rows) row += '}';
  return rows;
}

}  // namespace millrace::serve
