#include "sources/event_reader.h"

#include <arrow/filesystem/filesystem.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "expr/evaluator.h"
#include "sources/cells/shown_text.h"
#include "sources/event_times.h"
#include "sources/file_rows.h"
#include "sources/files/file_error.h"
#include "sources/files/file_list.h"
#include "sources/row_selection.h"

namespace millrace::sources {
namespace {

using columns::Column;
using columns::EventBatch;
using features::Source;

// What the reader asks a file for, and the source columns that the answers are.
struct Wanted {
  WantedRows rows;
  std::vector<int> source_columns;  // of rows.columns
  size_t time = 0;                  // in rows.columns
};

std::string PathOf(const Source& source, const std::string& column) {
  const auto path = source.location.column_paths.find(column);
  return path == source.location.column_paths.end() ? column : path->second;
}

Wanted WantedOf(const Source& source, const ReadOptions& options) {
  std::set<int> indices(options.columns.begin(), options.columns.end());
  std::set<int> times = {source.timestamp};
  if (source.created)
    times.insert(source.created.columns().begin(), source.created.columns().end());
  indices.insert(times.begin(), times.end());
  Wanted wanted;
  wanted.rows.source = source.name;
  wanted.rows.unit = source.timestamp_unit;
  wanted.rows.batch_rows_max = options.batch_rows_max;
  for (const int index : indices) {
    const features::Field& column = source.columns[static_cast<size_t>(index)];
    if (index == source.timestamp) wanted.time = wanted.rows.columns.size();
    wanted.rows.columns.push_back(
        {column.name, PathOf(source, column.name), column.type, times.contains(index)});
    wanted.source_columns.push_back(index);
  }
  return wanted;
}

base::Result<std::unique_ptr<FileRows>> OpenRows(const FileList& list, const ListedFile& file,
                                                 const WantedRows& wanted) {
  switch (list.format) {
    case Format::kParquet:
      return OpenParquetRows(list, file, wanted);
    case Format::kCsv:
      return OpenCsvRows(list, file, wanted);
    case Format::kJson:
      return OpenJsonRows(list, file, wanted);
    case Format::kArrow:
      break;
  }
  return base::Error(base::codes::kBadValue,
                     fmt::format("{}: a source is parquet, csv or json; Arrow IPC files are for "
                                 "spines and outputs",
                                 file.shown));
}

// A time of a row that is rejected, as messages show it.
std::string TextOf(const RowBatch& batch, const Column& column, size_t wanted, int64_t row) {
  for (const BadText& bad : batch.bad_texts) {
    if (bad.row == row && bad.column == wanted) return bad.text;
  }
  return column.valid(row) ? columns::ToText(column.value(row), column.type) : std::string();
}

class FilesReader final : public EventReader {
 public:
  FilesReader(const Source& source, Wanted wanted, FileList list)
      : source_(source),
        where_("source " + source.name),
        wanted_(std::move(wanted)),
        list_(std::move(list)) {
    if (source_.created) created_.emplace(source_.created);
  }

  base::Status Start() {
    for (const ListedFile& file : list_.files) {
      ARROW_ASSIGN_OR_RAISE(std::string tag, ContentTag(list_, file));
      files_.push_back({file.shown, file.bytes, std::move(tag)});
    }
    return OpenNext();
  }

  base::Result<std::optional<EventBatch>> Next() override {
    while (rows_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(std::optional<RowBatch> batch, rows_->Next(&rejected_));
      if (!batch.has_value()) {
        ARROW_RETURN_NOT_OK(CheckUnchanged(list_.files[opened_ - 1]));
        ARROW_RETURN_NOT_OK(OpenNext());
        continue;
      }
      EventBatch events = MakeEvents(std::move(*batch));
      if (events.size > 0) return std::optional<EventBatch>(std::move(events));
    }
    return std::optional<EventBatch>();
  }

  const columns::RejectedRows& rejected() const override { return rejected_; }
  const std::vector<InputFile>& files() const override { return files_; }

 private:
  base::Status OpenNext() {
    rows_.reset();
    if (opened_ == list_.files.size()) return base::Status::OK();
    ARROW_ASSIGN_OR_RAISE(rows_, OpenRows(list_, list_.files[opened_], wanted_.rows));
    ++opened_;
    return base::Status::OK();
  }

  // A file that was written to meanwhile was perhaps read half old, half new.
  base::Status CheckUnchanged(const ListedFile& file) {
    const auto now = list_.filesystem->GetFileInfo(file.path);
    if (!now.ok()) return FileError(now.status(), "read", file.shown, base::codes::kIo);
    if (now->IsFile() && now->size() == file.bytes &&
        now->mtime().time_since_epoch().count() == file.modified) {
      return base::Status::OK();
    }
    return base::Error(base::codes::kConflict,
                       fmt::format("{} was changed while it was read", file.shown));
  }

  EventBatch MakeEvents(RowBatch batch) {
    EventBatch events;
    events.origin = files_[opened_ - 1].path;
    events.columns.resize(source_.columns.size());
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      events.columns[static_cast<size_t>(wanted_.source_columns[i])] = batch.columns[i];
    }
    Times times = ReadTimes(batch.columns[wanted_.time].view, source_.timestamp_unit);
    std::vector<uint8_t> bad = batch.malformed;
    bad.resize(static_cast<size_t>(batch.size), 0);
    RejectTimes(batch, times, events.origin, &bad);
    Times created;
    if (created_.has_value()) created = ReadCreated(batch, events, &bad);
    Keep(std::move(batch), times, created, bad, &events);
    return events;
  }

  void RejectTimes(const RowBatch& batch, const Times& times, const std::string& origin,
                   std::vector<uint8_t>* bad) {
    const Column& column = batch.columns[wanted_.time].view;
    for (int64_t row = 0; row < batch.size; ++row) {
      if (times.cells[row] == columns::kValid || (*bad)[row] != 0) continue;
      (*bad)[row] = 1;
      if (times.cells[row] == columns::kNullCell) {
        Reject("null_event_time", origin, batch.rows[row], std::nullopt);
      } else {
        Reject("unreadable_event_time", origin, batch.rows[row],
               TextOf(batch, column, wanted_.time, row));
      }
    }
  }

  Times ReadCreated(const RowBatch& batch, const EventBatch& events, std::vector<uint8_t>* bad) {
    std::vector<Column> inputs;
    for (const auto& column : events.columns) inputs.push_back(column.view);
    const Column result = created_->Run(inputs, batch.size);
    Times created = ReadTimes(result, features::TimestampUnit::kNone);
    for (int64_t row = 0; row < batch.size; ++row) {
      if (created.cells[row] == columns::kValid || (*bad)[row] != 0) continue;
      (*bad)[row] = 1;
      if (created.cells[row] == columns::kNullCell) {
        Reject("null_created", events.origin, batch.rows[row], std::nullopt);
      } else {
        Reject("unreadable_created", events.origin, batch.rows[row], CreatedText(batch, row));
      }
    }
    return created;
  }

  // The cells that the expression reads.
  std::string CreatedText(const RowBatch& batch, int64_t row) const {
    std::string text;
    for (const int index : source_.created.columns()) {
      for (size_t i = 0; i < wanted_.source_columns.size(); ++i) {
        if (wanted_.source_columns[i] != index) continue;
        if (!text.empty()) text += ", ";
        text += TextOf(batch, batch.columns[i].view, i, row);
      }
    }
    return text;
  }

  void Reject(std::string_view code, const std::string& origin, int64_t row,
              const std::optional<std::string>& text) {
    std::string example = fmt::format("{} row {}", origin, row);
    if (text.has_value()) example += fmt::format(": '{}'", ShownText(*text));
    rejected_.Add(where_, code, std::move(example));
  }

  // What was not rejected, into `events`.
  void Keep(RowBatch batch, const Times& times, const Times& created,
            const std::vector<uint8_t>& bad, EventBatch* events) {
    if (std::find(bad.begin(), bad.end(), 1) == bad.end()) {
      events->size = batch.size;
      events->event_times = times.times;
      events->created = created.times;
      events->rows = std::move(batch.rows);
      return;
    }
    std::vector<int64_t> kept;
    for (int64_t row = 0; row < batch.size; ++row) {
      if (bad[row] != 0) continue;
      kept.push_back(row);
      events->event_times.push_back(times.times[row]);
      if (created_.has_value()) events->created.push_back(created.times[row]);
      events->rows.push_back(batch.rows[row]);
    }
    events->size = static_cast<int64_t>(kept.size());
    for (auto& column : events->columns) {
      if (!column.view.type.is_null()) column = SelectRows(std::move(column), kept);
    }
  }

  const Source source_;
  const std::string where_;
  const Wanted wanted_;
  const FileList list_;
  std::optional<expr::Evaluator> created_;
  std::vector<InputFile> files_;
  columns::RejectedRows rejected_;
  std::unique_ptr<FileRows> rows_;  // of the file before opened_
  size_t opened_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<EventReader>> OpenFiles(const Source& source,
                                                     const ReadOptions& options) {
  MILLRACE_CHECK(source.timestamp >= 0 && options.batch_rows_max > 0);
  const features::Field& time = source.columns[static_cast<size_t>(source.timestamp)];
  ARROW_RETURN_NOT_OK(CheckTimeColumn(time, source.timestamp_unit));
  ARROW_ASSIGN_OR_RAISE(FileList list,
                        ListFiles(source.location.path, source.location.format, options.root));
  auto reader = std::make_unique<FilesReader>(source, WantedOf(source, options), std::move(list));
  ARROW_RETURN_NOT_OK(reader->Start());
  return reader;
}

}  // namespace millrace::sources
