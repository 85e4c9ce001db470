// For tests: sources made in a line, and all that a reader gives as text.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "sources/event_reader.h"
#include "sources/folder_testing.h"

namespace millrace::sources {

struct SourceText {
  std::string path;
  std::vector<std::pair<const char*, const char*>> columns;  // name, type; the event time is "t"
  std::string created = {};
  std::string format = {};
  std::map<std::string, std::string> paths = {};
  features::TimestampUnit unit = features::TimestampUnit::kNone;
};

inline features::Source MakeSource(const SourceText& text) {
  features::Source source;
  source.name = "s";
  source.location.path = text.path;
  source.location.format = text.format;
  source.location.column_paths = text.paths;
  source.timestamp_unit = text.unit;
  expr::Scope scope;
  for (const auto& [name, type] : text.columns) {
    const auto index = static_cast<int>(source.columns.size());
    if (std::string_view(name) == "t") source.timestamp = index;
    source.columns.push_back({name, columns::Type::Parse(type).ValueOrDie()});
    scope.Add(name, index, source.columns.back().type);
  }
  if (!text.created.empty()) {
    source.created = expr::Expression::Make(text.created, scope).ValueOrDie();
  }
  return source;
}

// What a source gives.
struct EventText {
  std::string rows;  // one line per row: "file:row time [created] cell|cell", the columns but "t"
  columns::RejectedRows rejected;
  base::Status status;
};

inline void AppendRows(const columns::EventBatch& batch, const features::Source& source,
                       std::string* shown) {
  EXPECT_GT(batch.size, 0);
  for (int64_t row = 0; row < batch.size; ++row) {
    *shown += batch.origin + ":" + std::to_string(batch.rows[row]) + " ";
    *shown += base::FormatTime(batch.event_times[row]);
    if (source.created) *shown += " [" + base::FormatTime(batch.created[row]) + "]";
    for (size_t i = 0; i < source.columns.size(); ++i) {
      if (static_cast<int>(i) == source.timestamp) continue;
      const columns::Column& column = batch.columns[i].view;
      *shown += i == 0 || (i == 1 && source.timestamp == 0) ? " " : "|";
      *shown += column.cell(row) > columns::kValid
                    ? std::string(columns::ErrorName(column.cell(row)))
                    : columns::ToText(column.value(row), column.type);
    }
    *shown += "\n";
  }
}

inline EventText ReadPartText(EventReader* reader, const features::Source& source, int64_t part) {
  EventText out;
  auto opened = reader->OpenPart(part);
  out.status = opened.status();
  while (out.status.ok()) {
    const auto batch = (*opened)->Next();
    out.status = batch.status();
    if (!batch.ok() || !batch->has_value()) break;
    AppendRows(**batch, source, &out.rows);
  }
  if (opened.ok()) out.rejected = (*opened)->rejected();
  return out;
}

inline ReadOptions AllColumns(const features::Source& source, const std::string& root,
                              int64_t batch_rows_max) {
  ReadOptions options{.root = root, .batch_rows_max = batch_rows_max, .columns = {}};
  for (size_t i = 0; i < source.columns.size(); ++i) options.columns.push_back(static_cast<int>(i));
  return options;
}

// The rows of all parts in order, then a line per reason of rejection: "code count example;
// example"; an error as its code.
inline std::string ReadEvents(const SourceText& text, const std::string& root,
                              int64_t batch_rows_max = 2) {
  const features::Source source = MakeSource(text);
  auto reader = OpenFiles(source, AllColumns(source, root, batch_rows_max));
  if (!reader.ok()) return TextOf(reader.status());
  std::string shown;
  columns::RejectedRows rejected;
  for (int64_t i = 0; i < (*reader)->parts(); ++i) {
    const EventText part = ReadPartText(reader->get(), source, i);
    shown += part.rows;
    if (!part.status.ok()) return shown + TextOf(part.status);
    rejected.Merge(part.rejected);
  }
  for (const auto& reason : rejected.reasons) {
    EXPECT_EQ(reason.where, "source s");
    shown += reason.code + " " + std::to_string(reason.count);
    for (const std::string& example : reason.examples) shown += "; " + example;
    shown += "\n";
  }
  return shown;
}

}  // namespace millrace::sources
