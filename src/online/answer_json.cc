#include "online/answer_json.h"

#include <arrow/util/base64.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "columns/float_text.h"
#include "online/json_text.h"

namespace millrace::online {

using base::EventTime;
using columns::Column;
using columns::Kind;
using columns::Physical;

namespace {

template <typename Integer>
void AppendInteger(Integer value, std::string* out) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out->append(digits.data(), end);
}

void AppendFloat(double value, std::string* out) {
  if (std::isfinite(value)) {
    columns::AppendFloatText(value, out);
  } else {
    *out += '"';
    columns::AppendFloatText(value, out);
    *out += '"';
  }
}

void AppendQuotedTime(EventTime time, std::string* out) {
  *out += '"';
  base::AppendTime(time, out);
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
    AppendJsonText(arrow::util::base64_encode(column.strings[row]), out);
  } else {
    AppendJsonText(column.strings[row], out);
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
        AppendQuotedTime(EventTime::Micros(column.ints[row]), out);
      } else if (column.type.kind() == Kind::kDate) {
        AppendJsonText(columns::ToText(column.value(row), column.type), out);
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
  if (column.type.physical() == Physical::kFloat) {
    AppendSeparated(0, column.size, out, [&](int64_t row) {
      column.valid(row) ? AppendFloat(column.floats[row], out) : void(*out += "null");
    });
    return;
  }
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
  const auto append_name = [&](std::string_view name) {
    if (!first) *out += ',';
    first = false;
    AppendJsonText(name, out);
  };
  for (const JoinKey& key : envelope.keys) append_name(key.name);
  for (const AnswerColumn& column : answer.columns) append_name(column.name);
  *out += R"(],"request_id":)";
  if (envelope.request_id.empty()) {
    *out += "null";
  } else {
    AppendJsonText(envelope.request_id, out);
  }
  *out += R"(,"as_of":)";
  if (envelope.as_of_rows.type.is_null()) {
    AppendQuotedTime(envelope.as_of, out);
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

// Statuses and times, which columns often share: what was written of the last ones stands for who
// looks at the same memory.
class CellTexts {
 public:
  explicit CellTexts(std::string* out) : out_(out) {}

  void AppendStatuses(std::span<const CellStatus> statuses) {
    if (Repeat(statuses, &statuses_)) return;
    AppendSeparated(0, static_cast<int64_t>(statuses.size()), out_, [&](int64_t row) {
      *out_ += '"';
      *out_ += CellStatusName(statuses[static_cast<size_t>(row)]);
      *out_ += '"';
    });
    statuses_.text_size = out_->size() - statuses_.text;
  }

  void AppendTimes(std::span<const EventTime> times) {
    if (Repeat(times, &times_)) return;
    size_t last = 0;  // where the last text that was formatted is
    size_t last_size = 0;
    AppendSeparated(0, static_cast<int64_t>(times.size()), out_, [&](int64_t row) {
      const auto i = static_cast<size_t>(row);
      if (i > 0 && times[i] == times[i - 1]) {
        out_->append(*out_, last, last_size);
        return;
      }
      last = out_->size();
      AppendQuotedTime(times[i], out_);
      last_size = out_->size() - last;
    });
    times_.text_size = out_->size() - times_.text;
  }

 private:
  struct Written {
    const void* of = nullptr;
    size_t count = 0;
    size_t text = 0;
    size_t text_size = 0;
  };

  template <typename T>
  bool Repeat(std::span<const T> cells, Written* written) {
    if (!cells.empty() && cells.data() == written->of && cells.size() == written->count) {
      out_->append(*out_, written->text, written->text_size);
      return true;
    }
    *written = {cells.data(), cells.size(), out_->size(), 0};
    return false;
  }

  std::string* const out_;
  Written statuses_;
  Written times_;
};

void AppendKey(const JoinKey& key, std::string* out) {
  *out += R"({"values":[)";
  AppendValues(key.values, false, out);
  *out += R"(],"statuses":[)";
  AppendSeparated(0, key.values.size, out, [&](int64_t) { *out += R"("PRESENT")"; });
  *out += R"(],"event_timestamps":[)";
  AppendSeparated(0, key.values.size, out, [&](int64_t) { *out += R"("1970-01-01T00:00:00Z")"; });
  *out += "]}";
}

// About as much as the answer's text takes, so that it is rarely moved.
size_t BytesAbout(const Answer& answer, const AnswerEnvelope& envelope) {
  constexpr size_t kCell = 64;
  constexpr size_t kColumn = 96;
  const size_t columns = answer.columns.size() + envelope.keys.size();
  return kColumn * (columns + 4) + kCell * columns * static_cast<size_t>(answer.rows);
}

}  // namespace

std::string ToJson(const Answer& answer, const AnswerEnvelope& envelope) {
  std::string out;
  out.reserve(BytesAbout(answer, envelope));
  out += R"({"metadata":)";
  AppendMetadata(answer, envelope, &out);
  out += R"(,"results":[)";
  const size_t begin = out.size();
  for (const JoinKey& key : envelope.keys) {
    if (out.size() > begin) out += ',';
    AppendKey(key, &out);
  }
  CellTexts texts(&out);
  for (const AnswerColumn& column : answer.columns) {
    if (out.size() > begin) out += ',';
    out += R"({"values":[)";
    AppendValues(column.values, envelope.empty_list_is_null, &out);
    out += R"(],"statuses":[)";
    texts.AppendStatuses(column.statuses);
    out += R"(],"event_timestamps":[)";
    texts.AppendTimes(column.event_times);
    out += "]}";
  }
  out += "]}";
  return out;
}

}  // namespace millrace::online
