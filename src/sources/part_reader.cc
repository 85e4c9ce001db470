#include "sources/part_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/check.h"
#include "expr/evaluator.h"
#include "sources/cells/shown_text.h"
#include "sources/event_times.h"
#include "sources/row_selection.h"

namespace millrace::sources {
namespace {

using columns::Column;
using columns::EventBatch;

std::string PathOf(const features::Source& source, const std::string& column) {
  const auto path = source.location.column_paths.find(column);
  return path == source.location.column_paths.end() ? column : path->second;
}

// A time of a row that is rejected, as messages show it.
std::string TextOf(const RowBatch& batch, const Column& column, size_t wanted, int64_t row) {
  for (const BadText& bad : batch.bad_texts) {
    if (bad.row == row && bad.column == wanted) return bad.text;
  }
  return column.valid(row) ? columns::ToText(column.value(row), column.type) : std::string();
}

// A null knowledge time is the time of receipt.
void ReplaceNulls(const std::vector<base::EventTime>& received, Times* created) {
  for (size_t row = 0; row < created->cells.size(); ++row) {
    if (created->cells[row] != columns::kNullCell) continue;
    created->times[row] = received[row];
    created->cells[row] = columns::kValid;
  }
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
  FilePart(std::shared_ptr<const SourceReading> reading, PartOrigin origin,
           std::unique_ptr<FileRows> rows)
      : reading_(std::move(reading)),
        origin_(std::move(origin)),
        where_("source " + reading_->source.name),
        rows_(std::move(rows)) {
    if (reading_->source.created) created_.emplace(reading_->source.created);
  }

  base::Result<std::optional<EventBatch>> Next() override {
    while (rows_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(std::optional<RowBatch> batch, rows_->Next(&rejected_));
      if (!batch.has_value()) {
        one_sided_ = rows_->one_sided();
        rows_.reset();
        if (origin_.check_end) ARROW_RETURN_NOT_OK(origin_.check_end());
        break;
      }
      EventBatch events = MakeEvents(*std::move(batch));
      if (events.size > 0) return std::optional<EventBatch>(std::move(events));
    }
    return std::optional<EventBatch>();
  }

  const columns::RejectedRows& rejected() const override { return rejected_; }
  int64_t one_sided() const override { return rows_ != nullptr ? rows_->one_sided() : one_sided_; }

 private:
  EventBatch MakeEvents(RowBatch batch) {
    EventBatch events;
    events.origin = origin_.shown;
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
      if (!batch.received.empty()) ReplaceNulls(batch.received, &created);
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
      std::string example = fmt::format("{} row {}", origin_.shown, batch.rows[row]);
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
  const PartOrigin origin_;
  const std::string where_;
  std::optional<expr::Evaluator> created_;
  columns::RejectedRows rejected_;
  std::unique_ptr<FileRows> rows_;  // null at the end
  int64_t one_sided_ = 0;           // once they are
};

}  // namespace

base::Result<std::shared_ptr<SourceReading>> NewReading(const features::Source& source,
                                                        const ReadOptions& options) {
  MILLRACE_CHECK(source.timestamp >= 0 && options.batch_rows_max > 0);
  const features::Field& event_time = source.columns[static_cast<size_t>(source.timestamp)];
  ARROW_RETURN_NOT_OK(CheckTimeColumn(event_time, source.timestamp_unit));
  auto reading = std::make_shared<SourceReading>();
  reading->source = source;
  std::set<int> indices(options.columns.begin(), options.columns.end());
  std::set<int> times = {source.timestamp};
  if (source.created)
    times.insert(source.created.columns().begin(), source.created.columns().end());
  indices.insert(times.begin(), times.end());
  WantedRows& wanted = reading->wanted;
  wanted.source = source.name;
  wanted.unit = source.timestamp_unit;
  wanted.batch_rows_max = options.batch_rows_max;
  wanted.from = options.from;
  wanted.to = options.to;
  reading->threads = std::max(options.threads, 1);
  for (const int index : indices) {
    const features::Field& column = source.columns[static_cast<size_t>(index)];
    if (index == source.timestamp) wanted.time = wanted.columns.size();
    wanted.columns.push_back(
        {column.name, PathOf(source, column.name), column.type, times.contains(index)});
    reading->source_columns.push_back(index);
  }
  return reading;
}

std::unique_ptr<PartReader> ReadPart(std::shared_ptr<const SourceReading> reading,
                                     PartOrigin origin, std::unique_ptr<FileRows> rows) {
  return std::make_unique<FilePart>(std::move(reading), std::move(origin), std::move(rows));
}

}  // namespace millrace::sources
