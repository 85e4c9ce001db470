#include "online/answer_json.h"

#include <arrow/util/base64.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "columns/float_text.h"

namespace millrace::online {

using base::EventTime;
using columns::Column;
using columns::Kind;
using columns::Physical;

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the UTF-8 character that begins at `at`; 0: there is none.
size_t CharacterAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : uint8_t{0};
  };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t first = byte(0);
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) > 0x8F;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

void AppendEscape(char c, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
    case '\\':
      *out += '\\';
      *out += c;
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      *out += "\\u00";
      *out += kHex[static_cast<uint8_t>(c) >> 4];
      *out += kHex[static_cast<uint8_t>(c) & 15];
  }
}

void AppendText(std::string_view text, std::string* out) {
  *out += '"';
  size_t plain = 0;  // where what is not yet written begins
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<uint8_t>(text[at]);
    if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
      ++at;
      continue;
    }
    if (byte >= 0x80) {
      if (const size_t length = CharacterAt(text, at); length > 0) {
        at += length;
        continue;
      }
    }
    out->append(text, plain, at - plain);
    if (byte >= 0x80) {
      *out += kReplacement;
    } else {
      AppendEscape(text[at], out);
    }
    plain = ++at;
  }
  out->append(text, plain);
  *out += '"';
}

template <typename Integer>
void AppendInteger(Integer value, std::string* out) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out->append(digits.data(), end);
}

void AppendFloat(double value, std::string* out) {
  const std::string text = columns::FloatText(value);
  if (std::isfinite(value)) {
    *out += text;
  } else {
    AppendText(text, out);
  }
}

void AppendTime(EventTime time, std::string* out) {
  *out += '"';
  *out += base::FormatTime(time);
  *out += '"';
}

// Calls `append` for each of the things from `first` to before `last`, with commas.
template <typename Append>
void AppendSeparated(int64_t first, int64_t last, std::string* out, const Append& append) {
  for (int64_t i = first; i < last; ++i) {
    if (i > first) *out += ',';
    append(i);
  }
}

void AppendCell(const Column& column, int64_t row, std::string* out);

// An object's keys are texts.
void AppendMap(const Column& column, int64_t row, std::string* out) {
  const Column& keys = column.children[0];
  const Column& values = column.children[1];
  *out += '{';
  AppendSeparated(column.offsets[row], column.offsets[row + 1], out, [&](int64_t i) {
    const size_t before = out->size();
    AppendCell(keys, i, out);
    if ((*out)[before] != '"') {
      out->insert(before, 1, '"');
      *out += '"';
    }
    *out += ':';
    AppendCell(values, i, out);
  });
  *out += '}';
}

void AppendString(const Column& column, int64_t row, std::string* out) {
  if (column.type.kind() == Kind::kBytes) {
    AppendText(arrow::util::base64_encode(column.strings[row]), out);
  } else {
    AppendText(column.strings[row], out);
  }
}

void AppendCell(const Column& column, int64_t row, std::string* out) {
  if (!column.valid(row)) {
    *out += "null";
    return;
  }
  switch (column.type.physical()) {
    case Physical::kNone:
      *out += "null";
      return;
    case Physical::kBool:
      *out += column.bools[row] != 0 ? "true" : "false";
      return;
    case Physical::kInt:
      if (column.type.kind() == Kind::kTimestamp) {
        AppendTime(EventTime::Micros(column.ints[row]), out);
      } else if (column.type.kind() == Kind::kDate) {
        AppendText(columns::ToText(column.value(row), column.type), out);
      } else {
        AppendInteger(column.ints[row], out);
      }
      return;
    case Physical::kUInt:
      AppendInteger(column.uints[row], out);
      return;
    case Physical::kFloat:
      AppendFloat(column.floats[row], out);
      return;
    case Physical::kString:
      AppendString(column, row, out);
      return;
    case Physical::kMap:
      AppendMap(column, row, out);
      return;
    case Physical::kList:
      *out += '[';
      AppendSeparated(column.offsets[row], column.offsets[row + 1], out,
                      [&](int64_t i) { AppendCell(column.children[0], i, out); });
      *out += ']';
      return;
  }
}

void AppendValues(const Column& column, bool empty_list_is_null, std::string* out) {
  const bool list = empty_list_is_null && column.type.kind() == Kind::kList;
  AppendSeparated(0, column.size, out, [&](int64_t row) {
    if (list && column.valid(row) && column.offsets[row] == column.offsets[row + 1]) {
      *out += "null";
    } else {
      AppendCell(column, row, out);
    }
  });
}

void AppendMetadata(const Answer& answer, const AnswerEnvelope& envelope, std::string* out) {
  *out += R"({"feature_names":[)";
  bool first = true;
  const auto append_name = [&](const std::string& name) {
    if (!first) *out += ',';
    first = false;
    AppendText(name, out);
  };
  for (const JoinKey& key : envelope.keys) append_name(key.name);
  for (const AnswerColumn& column : answer.columns) append_name(column.name);
  *out += R"(],"request_id":)";
  if (envelope.request_id.empty()) {
    *out += "null";
  } else {
    AppendText(envelope.request_id, out);
  }
  *out += R"(,"as_of":)";
  if (envelope.as_of_rows.type.is_null()) {
    AppendTime(envelope.as_of, out);
  } else {
    *out += '[';
    AppendValues(envelope.as_of_rows, false, out);
    *out += ']';
  }
  *out += R"(,"commit":)";
  AppendInteger(answer.commit, out);
  *out += R"(,"registry_version":)";
  AppendInteger(envelope.registry_version, out);
  *out += '}';
}

void AppendKey(const JoinKey& key, std::string* out) {
  *out += R"({"values":[)";
  AppendValues(key.values, false, out);
  *out += R"(],"statuses":[)";
  AppendSeparated(0, key.values.size, out, [&](int64_t) { *out += R"("PRESENT")"; });
  *out += R"(],"event_timestamps":[)";
  AppendSeparated(0, key.values.size, out, [&](int64_t) { AppendTime(EventTime::Micros(0), out); });
  *out += "]}";
}

void AppendColumn(const AnswerColumn& column, bool empty_list_is_null, std::string* out) {
  const int64_t rows = column.values.view.size;
  *out += R"({"values":[)";
  AppendValues(column.values.view, empty_list_is_null, out);
  *out += R"(],"statuses":[)";
  AppendSeparated(0, rows, out, [&](int64_t row) {
    *out += '"';
    *out += CellStatusName(column.statuses[static_cast<size_t>(row)]);
    *out += '"';
  });
  *out += R"(],"event_timestamps":[)";
  AppendSeparated(0, rows, out, [&](int64_t row) {
    AppendTime(column.event_times[static_cast<size_t>(row)], out);
  });
  *out += "]}";
}

}  // namespace

std::string ToJson(const Answer& answer, const AnswerEnvelope& envelope) {
  std::string out = R"({"metadata":)";
  AppendMetadata(answer, envelope, &out);
  out += R"(,"results":[)";
  const size_t begin = out.size();
  for (const JoinKey& key : envelope.keys) {
    if (out.size() > begin) out += ',';
    AppendKey(key, &out);
  }
  for (const AnswerColumn& column : answer.columns) {
    if (out.size() > begin) out += ',';
    AppendColumn(column, envelope.empty_list_is_null, &out);
  }
  out += "]}";
  return out;
}

}  // namespace millrace::online
