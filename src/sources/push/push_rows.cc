#include "sources/push/push_rows.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "sources/arrow/arrow_cells.h"
#include "sources/arrow/bad_texts.h"
#include "sources/row_selection.h"

namespace millrace::sources {
namespace {

using columns::Kind;
using columns::OwnedColumn;

// Texts of at most as many rows at once, as for text files; frames are often far smaller.
constexpr int64_t kGatheredRows = 65'536;

class RowsOfSegment final : public FileRows {
 public:
  explicit RowsOfSegment(std::shared_ptr<const PushedFile> file)
      : file_(std::move(file)), segment_(*file_->content.segment) {
    while (frame_ < segment_.frames() && FrameEnd(frame_) <= file_->rows.first) ++frame_;
  }

  base::Result<std::optional<RowBatch>> Next(columns::RejectedRows*) override {
    if (gathered_ == nullptr || gathered_->num_rows() == 0) ARROW_RETURN_NOT_OK(Gather());
    if (gathered_ == nullptr) return std::optional<RowBatch>();
    const int64_t size = std::min(gathered_->num_rows(), file_->wanted.batch_rows_max);
    ARROW_ASSIGN_OR_RAISE(RowBatch batch, RowsOf(*gathered_->Slice(0, size)));
    gathered_ = gathered_->Slice(size);
    next_row_ += size;
    return std::optional<RowBatch>(std::move(batch));
  }

 private:
  int64_t FrameEnd(size_t frame) const {
    return segment_.frame_first(frame) + segment_.frame_rows(frame);
  }

  // The next frames that have rows of the selection; nullptr: there are none.
  base::Status Gather() {
    gathered_ = nullptr;
    arrow::RecordBatchVector frames;
    int64_t rows = 0;
    while (rows < kGatheredRows && frame_ < segment_.frames() &&
           segment_.frame_first(frame_) <= file_->rows.last) {
      if (frames.empty()) next_row_ = segment_.frame_first(frame_);
      ARROW_ASSIGN_OR_RAISE(frames.emplace_back(), segment_.ReadFrame(frame_));
      rows += segment_.frame_rows(frame_++);
    }
    if (frames.empty()) return base::Status::OK();
    if (frames.size() == 1) {
      gathered_ = frames[0];
      return base::Status::OK();
    }
    return arrow::ConcatenateRecordBatches(frames).Value(&gathered_);
  }

  base::Result<RowBatch> RowsOf(const arrow::RecordBatch& rows) const {
    const WantedRows& wanted = file_->wanted;
    RowBatch batch;
    batch.size = rows.num_rows();
    batch.rows.resize(static_cast<size_t>(batch.size));
    std::iota(batch.rows.begin(), batch.rows.end(), next_row_ - file_->content.rows.first + 1);
    for (size_t i = 0; i < wanted.columns.size(); ++i) {
      const WantedColumn& column = wanted.columns[i];
      const auto array = rows.GetColumnByName(column.path);
      ARROW_ASSIGN_OR_RAISE(OwnedColumn cells, ReadArray(array, column.type, wanted.unit));
      if (column.is_time) KeepBadTexts(*array, cells.view, i, &batch);
      batch.columns.push_back(std::move(cells));
    }
    return batch;
  }

  const std::shared_ptr<const PushedFile> file_;
  const Segment& segment_;
  size_t frame_ = 0;      // the next to be gathered
  int64_t next_row_ = 0;  // the writer's row that gathered_ begins with
  std::shared_ptr<arrow::RecordBatch> gathered_;
};

class PushedRows final : public FileRows {
 public:
  PushedRows(std::shared_ptr<const PushedFile> file, std::vector<WantedColumn> wanted, PushTo to,
             std::unique_ptr<FileRows> rows)
      : file_(std::move(file)),
        wanted_(std::move(wanted)),
        to_(static_cast<int64_t>(to)),
        rows_(std::move(rows)) {}

  base::Result<std::optional<RowBatch>> Next(columns::RejectedRows* rejected) override {
    ARROW_ASSIGN_OR_RAISE(std::optional<RowBatch> found, rows_->Next(rejected));
    if (!found.has_value()) return found;
    for (int64_t& row : found->rows) row += file_->content.rows.first - 1;
    ARROW_ASSIGN_OR_RAISE(const std::vector<int64_t> kept, Choose(*found));
    return Selected(*std::move(found), kept);
  }

  int64_t one_sided() const override { return one_sided_; }

 private:
  // The rows of the batch that are asked for.
  base::Result<std::vector<int64_t>> Choose(const RowBatch& found) {
    const columns::Column& received = found.columns[file_->received].view;
    const columns::Column& to = found.columns[file_->to].view;
    std::vector<int64_t> kept;
    for (int64_t row = 0; row < found.size; ++row) {
      const int64_t number = found.rows[static_cast<size_t>(row)];
      if (number < file_->rows.first || number > file_->rows.last) continue;
      if (!received.valid(row) || !to.valid(row) || to.ints[row] < 1 || to.ints[row] > 3) {
        return base::Error(base::codes::kCorrupt,
                           fmt::format("{} does not say when its row {} came, or for whom",
                                       file_->content.file.path, number));
      }
      if ((to.ints[row] & to_) != 0) {
        kept.push_back(row);
      } else {
        ++one_sided_;
      }
    }
    return kept;
  }

  base::Result<std::optional<RowBatch>> Selected(RowBatch found, const std::vector<int64_t>& kept) {
    const bool all = static_cast<int64_t>(kept.size()) == found.size;
    RowBatch batch;
    batch.size = static_cast<int64_t>(kept.size());
    for (const int64_t row : kept) {
      batch.rows.push_back(found.rows[static_cast<size_t>(row)]);
      batch.received.push_back(
          base::EventTime::Micros(found.columns[file_->received].view.ints[row]));
    }
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const int place = file_->places[i];
      if (place < 0) {
        columns::ColumnBuffer nulls(wanted_[i].type);
        for (int64_t row = 0; row < batch.size; ++row) nulls.AppendNull();
        batch.columns.push_back(Own(std::move(nulls)));
      } else {
        OwnedColumn& column = found.columns[static_cast<size_t>(place)];
        batch.columns.push_back(all ? column : SelectRows(column, kept));
      }
    }
    for (BadText& bad : found.bad_texts) {
      const auto row = std::lower_bound(kept.begin(), kept.end(), bad.row);
      const auto place =
          std::find(file_->places.begin(), file_->places.end(), static_cast<int>(bad.column));
      if (row == kept.end() || *row != bad.row || place == file_->places.end()) continue;
      batch.bad_texts.push_back({row - kept.begin(),
                                 static_cast<size_t>(place - file_->places.begin()),
                                 std::move(bad.text)});
    }
    return std::optional<RowBatch>(std::move(batch));
  }

  const std::shared_ptr<const PushedFile> file_;
  const std::vector<WantedColumn> wanted_;
  const int64_t to_;
  const std::unique_ptr<FileRows> rows_;
  int64_t one_sided_ = 0;
};

base::Status CheckColumn(const arrow::Field& found, const WantedColumn& wanted,
                         const PushedFile& file) {
  const base::Status readable = CheckReadable(*found.type(), wanted.type, file.wanted.unit);
  if (readable.ok()) return readable;
  base::Problem problem = base::ProblemsOf(readable).front();
  problem.message =
      fmt::format("column '{}' of {} {}", wanted.name, file.content.file.path, problem.message);
  return base::Error(std::move(problem));
}

}  // namespace

base::Result<std::shared_ptr<const PushedFile>> AskFile(const ContentFile& content, RowRange rows,
                                                        const WantedRows& wanted) {
  auto file = std::make_shared<PushedFile>();
  file->content = content;
  file->rows = rows;
  file->wanted = wanted;
  file->wanted.columns.clear();
  // A row group that times leave out would be counted as if all its rows were for the reader.
  file->wanted.from.reset();
  file->wanted.to.reset();
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Schema> schema, SchemaOf(content));
  auto& asked = file->wanted.columns;
  for (const WantedColumn& column : wanted.columns) {
    const auto found = schema->GetFieldByName(column.name);
    file->places.push_back(found == nullptr ? -1 : static_cast<int>(asked.size()));
    if (found == nullptr) continue;
    ARROW_RETURN_NOT_OK(CheckColumn(*found, column, *file));
    asked.push_back(column);
    asked.back().path = column.name;
  }
  file->wanted.time = 0;
  const std::vector<std::pair<std::string_view, Kind>> own = {{kReceivedColumn, Kind::kTimestamp},
                                                              {kToColumn, Kind::kUInt8}};
  for (const auto& [name, kind] : own) {
    const auto found = schema->GetFieldByName(std::string(name));
    if (found == nullptr || !found->type()->Equals(*columns::Type(kind).ToArrow())) {
      return base::Error(base::codes::kCorrupt,
                         fmt::format("{} has no column {}", content.file.path, name));
    }
    asked.push_back({std::string(name), std::string(name), kind});
  }
  file->received = asked.size() - 2;
  file->to = asked.size() - 1;
  return file;
}

std::unique_ptr<FileRows> SegmentRows(std::shared_ptr<const PushedFile> file) {
  return std::make_unique<RowsOfSegment>(std::move(file));
}

std::unique_ptr<FileRows> SelectPushed(std::shared_ptr<const PushedFile> file,
                                       std::vector<WantedColumn> wanted, PushTo to,
                                       std::unique_ptr<FileRows> rows) {
  return std::make_unique<PushedRows>(std::move(file), std::move(wanted), to, std::move(rows));
}

}  // namespace millrace::sources
