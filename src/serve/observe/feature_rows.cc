// ColumnsOf and Append go through the columns in the same order: the log's own, keys, request
// fields, features, their statuses, their event times.
#include "serve/observe/feature_rows.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "base/check.h"

namespace millrace::serve {
namespace {

using base::EventTime;
using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::Type;

constexpr size_t kDayLength = 10;  // YYYY-MM-DD
constexpr int64_t kScalarBytes = 9;

std::string DayOf(EventTime time) {
  return base::FormatTime(time).substr(0, kDayLength);
}

// As a folder's name says it; what is no letter or digit could mean something to a file system.
std::string Escaped(const std::string& service) {
  if (service.empty()) return "__HIVE_DEFAULT_PARTITION__";
  std::string text;
  for (const char c : service) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<uint8_t>(c));
  }
  return text;
}

// Names that are given to columns once.
class ColumnNames {
 public:
  // `name`, if it is nobody else's and cannot be taken for a name of the log's own.
  std::string Take(std::string_view name, std::string_view otherwise) {
    const bool free = !name.starts_with("__") && taken_.emplace(name).second;
    return free ? std::string(name) : fmt::format("__{}__{}", otherwise, name);
  }

 private:
  std::set<std::string> taken_ = {"service", "date"};  // of folders
};

void AppendShape(std::string_view name, const Type& type, std::string* shape) {
  *shape += name;
  *shape += '\0';
  *shape += type.ToString();
  *shape += '\0';
}

void AppendShape(const std::map<std::string, columns::OwnedColumn>& columns, std::string* shape) {
  for (const auto& [name, column] : columns) AppendShape(name, column.view.type, shape);
  *shape += '\n';
}

// Goes through the columns of a buffer.
class Filler {
 public:
  Filler(RowBuffer* rows, int64_t count) : rows_(rows), count_(count) {}

  // Calls `append` with each row and the next column.
  template <typename AppendCell>
  void Fill(const AppendCell& append) {
    ColumnBuffer* cells = rows_->column(next_++);
    for (int64_t row = 0; row < count_; ++row) append(row, cells);
    bytes_ += count_ * kScalarBytes;
  }
  void Fill(const Column& column) {
    ColumnBuffer* cells = rows_->column(next_++);
    for (int64_t row = 0; row < count_; ++row) cells->AppendFrom(column, row);
    bytes_ += BytesOf(column);
  }
  void FillAll(int64_t value) {
    Fill([&](int64_t, ColumnBuffer* cells) { cells->AppendInt(value); });
  }
  void FillAll(const std::string& value) {
    Fill([&](int64_t, ColumnBuffer* cells) { cells->AppendString(value); });
    bytes_ += count_ * static_cast<int64_t>(value.size());
  }

  void Finish() {
    MILLRACE_CHECK(next_ == rows_->columns());
    rows_->Grow(count_, bytes_);
  }

 private:
  RowBuffer* rows_;
  int64_t count_;
  size_t next_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace

std::string ShapeOf(const ServedAnswer& served) {
  std::string shape =
      fmt::format("answers {} {} {}\n", DayOf(served.received), served.service, served.version);
  AppendShape(served.keys, &shape);
  AppendShape(served.request, &shape);
  for (const auto& column : served.answer->columns) {
    AppendShape(column.name, column.values.type, &shape);
  }
  return shape;
}

std::string OutcomeShape(EventTime received) {
  return "outcomes " + DayOf(received);
}

std::string FolderOf(const ServedAnswer& served) {
  return fmt::format("answers/service={}/date={}/", Escaped(served.service),
                     DayOf(served.received));
}

std::string OutcomeFolder(EventTime received) {
  return fmt::format("outcomes/date={}/", DayOf(received));
}

RowBuffer ColumnsOf(const ServedAnswer& served) {
  RowBuffer rows;
  rows.AddColumn("__request_id", Kind::kString);
  rows.AddColumn("__row", Kind::kInt32);
  rows.AddColumn("__received", Kind::kTimestamp);
  rows.AddColumn("__as_of", Kind::kTimestamp);
  rows.AddColumn("__version", Kind::kInt32);
  rows.AddColumn("__commit", Kind::kInt64);
  rows.AddColumn("__commit_time", Kind::kTimestamp);
  ColumnNames names;
  for (const auto& [name, column] : served.keys) {
    rows.AddColumn(names.Take(name, "key"), column.view.type);
  }
  for (const auto& [name, column] : served.request) {
    rows.AddColumn(names.Take(name, "request"), column.view.type);
  }
  const auto& features = served.answer->columns;
  for (const auto& feature : features) {
    rows.AddColumn(names.Take(feature.name, "feature"), feature.values.type);
  }
  for (const auto& feature : features) {
    rows.AddStatusColumn(fmt::format("__status__{}", feature.name));
  }
  for (const auto& feature : features) {
    rows.AddColumn(fmt::format("__event_time__{}", feature.name), Kind::kTimestamp);
  }
  return rows;
}

RowBuffer OutcomeColumns() {
  RowBuffer rows;
  rows.AddColumn("request_id", Kind::kString);
  rows.AddColumn("kind", Kind::kString);
  rows.AddColumn("value", Kind::kString);
  rows.AddColumn("time", Kind::kTimestamp);
  rows.AddColumn("received", Kind::kTimestamp);
  return rows;
}

void Append(const ServedAnswer& served, RowBuffer* rows) {
  const online::Answer& answer = *served.answer;
  Filler filler(rows, answer.rows);
  filler.FillAll(served.request_id);
  filler.Fill([](int64_t row, ColumnBuffer* cells) { cells->AppendInt(row); });
  filler.FillAll(served.received.micros());
  if (served.as_of_rows.view.type.is_null()) {
    filler.FillAll(served.as_of.micros());
  } else {
    filler.Fill(served.as_of_rows.view);
  }
  filler.FillAll(served.version);
  filler.FillAll(answer.commit);
  filler.FillAll(answer.commit_time.micros());
  for (const auto& [name, column] : served.keys) filler.Fill(column.view);
  for (const auto& [name, column] : served.request) filler.Fill(column.view);
  for (const auto& feature : answer.columns) filler.Fill(feature.values);
  for (const auto& feature : answer.columns) {
    filler.Fill([&](int64_t row, ColumnBuffer* cells) {
      cells->AppendInt(static_cast<int64_t>(feature.statuses[static_cast<size_t>(row)]));
    });
  }
  for (const auto& feature : answer.columns) {
    filler.Fill([&](int64_t row, ColumnBuffer* cells) {
      const int64_t micros = feature.event_times[static_cast<size_t>(row)].micros();
      micros == 0 ? cells->AppendNull() : cells->AppendInt(micros);
    });
  }
  filler.Finish();
}

void Append(const Outcome& outcome, EventTime received, RowBuffer* rows) {
  Filler filler(rows, 1);
  filler.FillAll(outcome.request_id);
  filler.FillAll(outcome.kind);
  filler.FillAll(outcome.value);
  filler.FillAll(outcome.time.micros());
  filler.FillAll(received.micros());
  filler.Finish();
}

}  // namespace millrace::serve
