// For tests: definitions as text -> plan, tables as text -> sources in memory, so that a training
// set is a few lines. A cell "-" is null, "!" is unreadable (an error cell).
#pragma once

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "columns/arrow_column.h"
#include "expr/evaluator.h"
#include "features/compile.h"
#include "offline/training_set.h"

namespace millrace::offline {

using TextRows = std::vector<std::vector<std::string>>;

// "a | 1 \n b | 2" as cells, blanks trimmed.
inline TextRows SplitRows(const std::string& text) {
  TextRows rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(' ') == std::string::npos) continue;
    std::istringstream cells(line);
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, '|');) {
      const size_t first = cell.find_first_not_of(' ');
      const size_t last = cell.find_last_not_of(' ');
      rows.back().push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
    }
  }
  return rows;
}

inline std::shared_ptr<const features::FeaturePlan> PlanOf(const std::string& yaml) {
  const auto plan = features::Compile(
      "test", {{"features/all.yaml", yaml}},
      [](const features::Source& source) -> base::Result<std::vector<features::Field>> {
        return source.columns;
      });
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return plan.ok() ? *plan : std::make_shared<features::FeaturePlan>();
}

inline void AppendText(const std::string& text, columns::ColumnBuffer* out) {
  if (text == "!") return out->AppendCell(columns::kBadCast);
  if (text == "-") return out->AppendNull();
  const auto value = columns::FromText(text, out->type());
  ASSERT_TRUE(value.ok()) << text << ": " << value.status().ToString();
  out->AppendValue(*value);
}

class TextPart : public sources::PartReader {
 public:
  TextPart(const features::Source& source, TextRows rows, size_t batch_rows)
      : source_(source), rows_(std::move(rows)), batch_rows_(batch_rows) {}

  base::Result<std::optional<columns::EventBatch>> Next() override {
    while (next_ < rows_.size()) {
      columns::EventBatch batch = Read();
      if (batch.size > 0) return batch;
    }
    return std::optional<columns::EventBatch>();
  }
  const columns::RejectedRows& rejected() const override { return rejected_; }

 private:
  columns::EventBatch Read() {
    std::vector<columns::ColumnBuffer> buffers;
    for (const columns::Field& column : source_.columns) buffers.emplace_back(column.type);
    columns::EventBatch batch;
    batch.origin = source_.name;
    for (size_t taken = 0; taken < batch_rows_ && next_ < rows_.size(); ++taken, ++next_) {
      const std::vector<std::string>& row = rows_[next_];
      const std::string& time = row[source_.timestamp];
      if (time == "-" || time == "!") {
        rejected_.Add("source " + source_.name,
                      time == "-" ? "null_event_time" : "unreadable_event_time",
                      source_.name + " row " + std::to_string(next_ + 1));
        continue;
      }
      for (size_t i = 0; i < buffers.size(); ++i) AppendText(row[i], &buffers[i]);
      batch.rows.push_back(static_cast<int64_t>(next_) + 1);
      ++batch.size;
    }
    std::vector<columns::Column> views;
    for (columns::ColumnBuffer& buffer : buffers) {
      batch.columns.push_back(columns::Own(std::move(buffer)));
      views.push_back(batch.columns.back().view);
    }
    const columns::Column& times = views[source_.timestamp];
    for (int64_t row = 0; row < batch.size; ++row) {
      batch.event_times.push_back(base::EventTime::Micros(times.ints[row]));
    }
    if (source_.created) {
      expr::Evaluator evaluator(source_.created);
      const columns::Column created = evaluator.Run(views, batch.size);
      for (int64_t row = 0; row < batch.size; ++row) {
        batch.created.push_back(base::EventTime::Micros(created.ints[row]));
      }
    }
    return batch;
  }

  const features::Source& source_;
  const TextRows rows_;
  const size_t batch_rows_;
  size_t next_ = 0;
  columns::RejectedRows rejected_;
};

// One part.
class TextReader : public sources::EventReader {
 public:
  TextReader(const features::Source& source, TextRows rows, size_t batch_rows)
      : source_(source), rows_(std::move(rows)), batch_rows_(batch_rows) {}
  int64_t parts() const override { return 1; }
  base::Result<std::unique_ptr<sources::PartReader>> OpenPart(int64_t) override {
    return std::make_unique<TextPart>(source_, rows_, batch_rows_);
  }
  const sources::Pruned& pruned() const override { return pruned_; }
  base::Result<std::vector<sources::InputFile>> Files() override { return files_; }

 private:
  const features::Source& source_;
  const TextRows rows_;
  const size_t batch_rows_;
  const sources::Pruned pruned_;
  const std::vector<sources::InputFile> files_ = {{"memory", 0, ""}};
};

// Sources by name; what is opened, and with which columns, is kept in `opened`.
struct TextSources {
  std::map<std::string, std::string> tables;
  size_t batch_rows = 1'000;
  std::map<std::string, std::vector<std::vector<int>>> opened;

  SourceOpener Opener() {
    return [this](const features::Source& source, const sources::ReadOptions& options)
               -> base::Result<std::unique_ptr<sources::EventReader>> {
      opened[source.name].push_back(options.columns);
      return std::make_unique<TextReader>(source, SplitRows(tables[source.name]), batch_rows);
    };
  }
};

// A table whose first line is "name type | name type".
inline std::shared_ptr<arrow::Table> TableOf(const std::string& text) {
  TextRows rows = SplitRows(text);
  const std::vector<std::string> header = rows.front();
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < header.size(); ++i) {
    const size_t blank = header[i].find(' ');
    columns::ColumnBuffer buffer(*columns::Type::Parse(header[i].substr(blank + 1)));
    for (size_t row = 1; row < rows.size(); ++row) AppendText(rows[row][i], &buffer);
    arrays.push_back(*columns::ToArrow(buffer.View()));
    fields.push_back(arrow::field(header[i].substr(0, blank), arrays.back()->type()));
  }
  return arrow::Table::Make(arrow::schema(fields), arrays, static_cast<int64_t>(rows.size()) - 1);
}

// The named columns as text, one line per row: "a | 1\n".
inline std::string TextOf(const arrow::Table& table, const std::vector<std::string>& names) {
  std::vector<columns::OwnedColumn> cells;
  for (const std::string& name : names) {
    const auto column = table.GetColumnByName(name);
    if (column == nullptr) return "no column " + name;
    cells.push_back(*columns::FromArrow(*column, *columns::Type::FromArrow(*column->type())));
  }
  std::string text;
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    for (size_t i = 0; i < cells.size(); ++i) {
      text += (i == 0 ? "" : " | ") + columns::ToText(cells[i].view.value(row), cells[i].view.type);
    }
    text += "\n";
  }
  return text;
}

}  // namespace millrace::offline
