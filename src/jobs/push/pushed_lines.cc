#include "jobs/push/pushed_lines.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "columns/arrow_column.h"
#include "sources/cells/shown_text.h"
#include "sources/event_times.h"
#include "sources/files/line_reader.h"

namespace millrace::jobs {

using base::Result;
using columns::Column;
using columns::ColumnBuffer;

namespace {

constexpr size_t kProblemsMax = 5;

std::string PathOf(const features::Source& source, const std::string& column) {
  const auto found = source.location.column_paths.find(column);
  return found == source.location.column_paths.end() ? column : found->second;
}

std::vector<ColumnBuffer> BuffersOf(const features::Source& source) {
  std::vector<ColumnBuffer> buffers;
  for (const features::Field& column : source.columns) buffers.emplace_back(column.type);
  return buffers;
}

std::string ExpectedOf(const columns::Type& type) {
  return type.kind() == columns::Kind::kTimestamp ? "timestamp (ISO-8601)" : type.ToString();
}

}  // namespace

Result<PushedLines> PushedLines::Of(const features::Source& source, std::string_view noun) {
  if (source.timestamp < 0) {
    return base::Error({base::codes::kMissingColumn,
                        fmt::format("source '{}' has no event time", source.name),
                        {},
                        "name its column with `timestamp:`"});
  }
  ARROW_RETURN_NOT_OK(sources::CheckTimeColumn(
      source.columns[static_cast<size_t>(source.timestamp)], source.timestamp_unit));
  // The decoder keeps the texts of bad cells in time columns: here every one is told.
  std::vector<sources::WantedColumn> wanted;
  for (const features::Field& column : source.columns) {
    wanted.push_back({column.name, PathOf(source, column.name), column.type, true});
  }
  ARROW_ASSIGN_OR_RAISE(sources::JsonLine decoder,
                        sources::JsonLine::Make(wanted, source.timestamp_unit));
  return PushedLines(source, noun, std::move(decoder));
}

PushedLines::PushedLines(const features::Source& source, std::string_view noun,
                         sources::JsonLine decoder)
    : source_(source), noun_(noun), decoder_(std::move(decoder)), buffers_(BuffersOf(source)) {}

void PushedLines::Refuse(int64_t row, const std::string& why) {
  if (problems_.size() >= kProblemsMax) return;
  problems_.push_back({base::codes::kBadValue,
                       fmt::format("{} {}: {}", noun_, numbers_[static_cast<size_t>(row)], why)});
}

void PushedLines::Add(std::string_view line, int64_t number) {
  if (sources::LineReader::IsBlank(line)) return;
  const int64_t row = rows();
  numbers_.push_back(number);
  const std::string why = decoder_.Read(line, &buffers_);
  if (why.empty()) {
    for (const sources::BadText& bad : decoder_.bad_texts()) {
      if (bad_texts_.size() < kProblemsMax) bad_texts_.push_back(bad);
    }
    return;
  }
  Refuse(row, fmt::format("{}: '{}'; expected a JSON object of source '{}'", why,
                          sources::ShownText(line), source_.name));
}

std::string PushedLines::CellProblem(size_t column, int64_t row) const {
  const features::Field& field = source_.columns[column];
  const auto bad = std::find_if(bad_texts_.begin(), bad_texts_.end(), [&](const auto& text) {
    return text.row == row && text.column == column;
  });
  const std::string found =
      bad == bad_texts_.end() ? "another value" : "'" + sources::ShownText(bad->text) + "'";
  return fmt::format("column '{}' is {}; expected {}", field.name, found, ExpectedOf(field.type));
}

// "" when there is none.
std::string PushedLines::EventTimeProblem(const std::vector<uint8_t>& cells, int64_t row) const {
  if (cells.empty() || cells[static_cast<size_t>(row)] == columns::kValid) return "";
  const auto time = static_cast<size_t>(source_.timestamp);
  const features::Field& field = source_.columns[time];
  if (cells[static_cast<size_t>(row)] == columns::kNullCell) {
    return fmt::format("the event time '{}' is missing or null", field.name);
  }
  const Column column = buffers_[time].View();
  if (!column.valid(row)) return "";  // said of the cell
  return fmt::format("the event time '{}' is '{}', which is no time", field.name,
                     sources::ShownText(columns::ToText(column.value(row), column.type)));
}

// The same rules as those of a file's rows: cells, the event time, the knowledge time.
void PushedLines::Judge(const std::vector<Column>& columns) {
  const auto time = static_cast<size_t>(source_.timestamp);
  const sources::Times times = sources::ReadTimes(columns[time], source_.timestamp_unit);
  sources::Times created;
  std::optional<expr::Evaluator> evaluator;
  if (source_.created) {
    evaluator.emplace(source_.created);
    created = sources::ReadTimes(evaluator->Run(columns, rows()), features::TimestampUnit::kNone);
  }
  for (int64_t row = 0; row < rows(); ++row) {
    bool bad = false;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].cell(row) <= columns::kValid) continue;
      Refuse(row, CellProblem(i, row));
      bad = true;
    }
    if (const std::string why = EventTimeProblem(times.cells, row); !why.empty()) {
      Refuse(row, why);
      bad = true;
    }
    if (!bad && !created.cells.empty() &&
        created.cells[static_cast<size_t>(row)] > columns::kValid) {
      Refuse(row, fmt::format("`created` ({}) is no time: {}", source_.created.text(),
                              columns::ErrorName(created.cells[static_cast<size_t>(row)])));
    }
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> PushedLines::Take() {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  const int64_t size = rows();
  if (problems_.empty()) {
    std::vector<Column> columns;
    for (const ColumnBuffer& buffer : buffers_) columns.push_back(buffer.View());
    Judge(columns);
    for (size_t i = 0; problems_.empty() && i < columns.size(); ++i) {
      fields.push_back(arrow::field(source_.columns[i].name, columns[i].type.ToArrow()));
      ARROW_ASSIGN_OR_RAISE(arrays.emplace_back(), columns::ToArrow(columns[i]));
    }
  }
  for (ColumnBuffer& buffer : buffers_) buffer.Clear();
  numbers_.clear();
  bad_texts_.clear();
  std::vector<base::Problem> problems = std::exchange(problems_, {});
  if (!problems.empty()) return base::Errors(std::move(problems));
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), size, std::move(arrays));
}

}  // namespace millrace::jobs
