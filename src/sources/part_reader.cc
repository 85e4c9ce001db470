#include "sources/part_reader.h"

#include <arrow/filesystem/filesystem.h>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "expr/evaluator.h"
#include "sources/cells/shown_text.h"
#include "sources/event_times.h"
#include "sources/files/file_error.h"
#include "sources/row_selection.h"

namespace millrace::sources {
namespace {

using columns::Column;
using columns::EventBatch;

// A file that was written to meanwhile was perhaps read half old, half new.
base::Status CheckUnchanged(const FileList& list, const ListedFile& file) {
  const auto now = list.filesystem->GetFileInfo(file.path);
  if (!now.ok()) return FileError(now.status(), "read", file.shown, base::codes::kIo);
  if (now->IsFile() && now->size() == file.bytes &&
      now->mtime().time_since_epoch().count() == file.modified) {
    return base::Status::OK();
  }
  return base::Error(base::codes::kConflict,
                     fmt::format("{} was changed while it was read", file.shown));
}

// A time of a row that is rejected, as messages show it.
std::string TextOf(const RowBatch& batch, const Column& column, size_t wanted, int64_t row) {
  for (const BadText& bad : batch.bad_texts) {
    if (bad.row == row && bad.column == wanted) return bad.text;
  }
  return column.valid(row) ? columns::ToText(column.value(row), column.type) : std::string();
}

// Which rows of a batch are bad; no memory while none is.
class BadRows {
 public:
  explicit BadRows(const RowBatch& batch) : size_(batch.size), bad_(batch.malformed) {}
  bool any() const { return !bad_.empty(); }
  bool has(int64_t row) const { return any() && bad_[static_cast<size_t>(row)] != 0; }
  void Add(int64_t row) {
    if (!any()) bad_.resize(static_cast<size_t>(size_), 0);
    bad_[static_cast<size_t>(row)] = 1;
  }

 private:
  int64_t size_;
  std::vector<uint8_t> bad_;
};

class FilePart final : public PartReader {
 public:
  FilePart(std::shared_ptr<const SourceReading> reading, size_t file,
           std::unique_ptr<FileRows> rows)
      : reading_(std::move(reading)),
        file_(reading_->list.files[file]),
        where_("source " + reading_->source.name),
        rows_(std::move(rows)) {
    if (reading_->source.created) created_.emplace(reading_->source.created);
  }

  base::Result<std::optional<EventBatch>> Next() override {
    while (rows_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(std::optional<RowBatch> batch, rows_->Next(&rejected_));
      if (!batch.has_value()) {
        rows_.reset();
        ARROW_RETURN_NOT_OK(CheckUnchanged(reading_->list, file_));
        break;
      }
      EventBatch events = MakeEvents(*std::move(batch));
      if (events.size > 0) return std::optional<EventBatch>(std::move(events));
    }
    return std::optional<EventBatch>();
  }

  const columns::RejectedRows& rejected() const override { return rejected_; }

 private:
  EventBatch MakeEvents(RowBatch batch) {
    EventBatch events;
    events.origin = file_.shown;
    events.columns.resize(reading_->source.columns.size());
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      events.columns[static_cast<size_t>(reading_->source_columns[i])] = batch.columns[i];
    }
    const size_t time = reading_->wanted.time;
    Times times = ReadTimes(batch.columns[time].view, reading_->source.timestamp_unit);
    BadRows bad(batch);
    Reject(times, "event_time", batch, &bad,
           [&](int64_t row) { return TextOf(batch, batch.columns[time].view, time, row); });
    Times created;
    if (created_.has_value()) {
      std::vector<Column> inputs;
      for (const auto& column : events.columns) inputs.push_back(column.view);
      created = ReadTimes(created_->Run(inputs, batch.size), features::TimestampUnit::kNone);
      Reject(created, "created", batch, &bad, [&](int64_t row) { return CreatedText(batch, row); });
    }
    events.event_times = std::move(times.times);
    events.created = std::move(created.times);
    events.rows = std::move(batch.rows);
    events.size = batch.size;
    if (bad.any()) LeaveOut(bad, &events);
    return events;
  }

  // The rows whose times are null or none, but those that were bad before.
  template <typename TextOfRow>
  void Reject(const Times& times, std::string_view what, const RowBatch& batch, BadRows* bad,
              const TextOfRow& text) {
    if (times.cells.empty()) return;
    const std::string null = fmt::format("null_{}", what);
    const std::string unreadable = fmt::format("unreadable_{}", what);
    for (int64_t row = 0; row < batch.size; ++row) {
      if (times.cells[row] == columns::kValid || bad->has(row)) continue;
      bad->Add(row);
      std::string example = fmt::format("{} row {}", file_.shown, batch.rows[row]);
      if (times.cells[row] == columns::kNullCell) {
        rejected_.Add(where_, null, std::move(example));
      } else {
        example += fmt::format(": '{}'", ShownText(text(row)));
        rejected_.Add(where_, unreadable, std::move(example));
      }
    }
  }

  // The cells that the expression reads.
  std::string CreatedText(const RowBatch& batch, int64_t row) const {
    std::string text;
    for (const int index : reading_->source.created.columns()) {
      for (size_t i = 0; i < reading_->source_columns.size(); ++i) {
        if (reading_->source_columns[i] != index) continue;
        if (!text.empty()) text += ", ";
        text += TextOf(batch, batch.columns[i].view, i, row);
      }
    }
    return text;
  }

  static void LeaveOut(const BadRows& bad, EventBatch* events) {
    std::vector<int64_t> kept;
    for (int64_t row = 0; row < events->size; ++row) {
      if (bad.has(row)) continue;
      const size_t to = kept.size();
      events->event_times[to] = events->event_times[row];
      if (!events->created.empty()) events->created[to] = events->created[row];
      events->rows[to] = events->rows[row];
      kept.push_back(row);
    }
    events->size = static_cast<int64_t>(kept.size());
    events->event_times.resize(kept.size());
    if (!events->created.empty()) events->created.resize(kept.size());
    events->rows.resize(kept.size());
    for (auto& column : events->columns) {
      if (!column.view.type.is_null()) column = SelectRows(std::move(column), kept);
    }
  }

  const std::shared_ptr<const SourceReading> reading_;
  const ListedFile& file_;
  const std::string where_;
  std::optional<expr::Evaluator> created_;
  columns::RejectedRows rejected_;
  std::unique_ptr<FileRows> rows_;  // null at the end
};

}  // namespace

std::unique_ptr<PartReader> ReadPart(std::shared_ptr<const SourceReading> reading, size_t file,
                                     std::unique_ptr<FileRows> rows) {
  return std::make_unique<FilePart>(std::move(reading), file, std::move(rows));
}

}  // namespace millrace::sources
