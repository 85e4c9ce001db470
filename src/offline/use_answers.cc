// A piece's rows are ascending, so the part of it that a range of the spine needs is found by two
// binary searches, and its cells are written to their rows in order.
#include "offline/use_answers.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <string>
#include <utility>

#include "sweep/event_records.h"
#include "sweep/gather.h"

namespace millrace::offline {

using base::Result;
using base::Status;
using columns::Column;
using columns::ColumnBuffer;
using columns::OwnedColumn;
using columns::Physical;
using sweep::Found;

namespace {

constexpr int64_t kSliceRows = 8'192;

bool IsNested(const columns::Type& type) {
  return type.physical() == Physical::kList || type.physical() == Physical::kMap;
}

// Writes the cells of `from` to the places rows[i] - first of `to`.
void Scatter(const Column& from, std::span<const int64_t> rows, int64_t first, ColumnBuffer* to) {
  uint8_t* cells = to->cells();
  for (size_t i = 0; i < rows.size(); ++i) {
    cells[rows[i] - first] = from.cell(static_cast<int64_t>(i));
  }
  const auto scatter = [&](const auto* values, auto* out) {
    for (size_t i = 0; i < rows.size(); ++i) out[rows[i] - first] = values[i];
  };
  switch (from.type.physical()) {
    case Physical::kBool:
      return scatter(from.bools, to->bools());
    case Physical::kInt:
      return scatter(from.ints, to->ints());
    case Physical::kUInt:
      return scatter(from.uints, to->uints());
    case Physical::kFloat:
      return scatter(from.floats, to->floats());
    case Physical::kString:
      return scatter(from.strings, to->strings());
    default:
      return;
  }
}

std::string ColumnName(size_t column) {
  return "answer " + std::to_string(column);
}

}  // namespace

UseAnswers::UseAnswers(sweep::ViewSweep sweep, std::shared_ptr<const PartitionLists> lists,
                       SpillFile* spill)
    : sweep_(std::move(sweep)),
      lists_(std::move(lists)),
      spill_(spill),
      pieces_(lists_->rows.size()) {}

columns::Type UseAnswers::ColumnType(size_t column) const {
  if (column == sweep_.features.size()) return columns::Kind::kTimestamp;
  return sweep_.view->features[sweep_.features[column]].type;
}

Status UseAnswers::Put(int32_t partition, sweep::SweptRows swept, std::span<const int64_t> rows) {
  {
    const std::lock_guard lock(mutex_);
    gaps_.Merge(swept.gaps);
  }
  Piece& piece = pieces_[partition];
  piece.found.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) piece.found[rows[i]] = swept.found[i];
  if (sweep_.event_times) swept.cells.push_back(std::move(swept.event_times));
  for (ColumnBuffer& cells : swept.cells) {
    piece.columns.push_back(Own(sweep::Placed(std::move(cells), rows)));
  }
  return spill_ == nullptr ? Status::OK() : SpillPiece(&piece);
}

Status UseAnswers::SpillPiece(Piece* piece) {
  const auto rows = static_cast<int64_t>(piece->found.size());
  for (int64_t first = 0; first < rows; first += kSliceRows) {
    const int64_t count = std::min(kSliceRows, rows - first);
    sweep::RecordColumns columns;
    for (size_t i = 0; i < piece->columns.size(); ++i) {
      ARROW_RETURN_NOT_OK(columns.Add(ColumnName(i), piece->columns[i].view.Slice(first, count)));
    }
    ARROW_ASSIGN_OR_RAISE(const SpillFile::Place place,
                          spill_->Write(*std::move(columns).Finish(count)));
    piece->spilled.push_back(place);
  }
  piece->columns.clear();
  return Status::OK();
}

Result<UseAnswers::Part> UseAnswers::ReadSlice(const Piece& piece, size_t slice) const {
  ARROW_ASSIGN_OR_RAISE(const auto batch, spill_->Read(piece.spilled[slice]));
  Part part;
  auto owner = std::make_shared<std::vector<OwnedColumn>>();
  for (size_t i = 0; i < column_count(); ++i) {
    ARROW_ASSIGN_OR_RAISE(OwnedColumn column,
                          sweep::FindColumn(*batch, ColumnName(i), ColumnType(i)));
    part.columns.push_back(column.view);
    owner->push_back(std::move(column));
  }
  part.owner = std::move(owner);
  return part;
}

Result<std::vector<UseAnswers::Part>> UseAnswers::Parts(int64_t first, int64_t last) const {
  std::vector<Part> parts;
  for (size_t p = 0; p < pieces_.size(); ++p) {
    const std::vector<int64_t>& rows = lists_->rows[p];
    const int64_t begin = std::lower_bound(rows.begin(), rows.end(), first) - rows.begin();
    const int64_t end = std::lower_bound(rows.begin(), rows.end(), last) - rows.begin();
    const int64_t step = spill_ == nullptr ? end : kSliceRows;
    for (int64_t at = begin; at < end;) {
      const int64_t slice_first = spill_ == nullptr ? 0 : at / step * step;
      const int64_t until = std::min(end, slice_first + step);
      Part part;
      if (spill_ != nullptr) {
        ARROW_ASSIGN_OR_RAISE(part, ReadSlice(pieces_[p], at / step));
      } else {
        for (const OwnedColumn& column : pieces_[p].columns) part.columns.push_back(column.view);
      }
      for (Column& column : part.columns) column = column.Slice(at - slice_first, until - at);
      part.rows = std::span(rows).subspan(at, until - at);
      part.found = std::span(pieces_[p].found).subspan(at, until - at);
      parts.push_back(std::move(part));
      at = until;
    }
  }
  return parts;
}

OwnedColumn UseAnswers::Collect(size_t column, const std::vector<Part>& parts,
                                std::pair<int64_t, int64_t> range) const {
  const auto [first, last] = range;
  const columns::Type type = ColumnType(column);
  ColumnBuffer out(type);
  if (!IsNested(type)) {
    out.Resize(last - first);
    std::fill_n(out.cells(), last - first, uint8_t{columns::kNullCell});
    for (const Part& part : parts) Scatter(part.columns[column], part.rows, first, &out);
    return Own(std::move(out));
  }
  std::vector<std::pair<const Column*, int64_t>> from(last - first, {nullptr, 0});
  for (const Part& part : parts) {
    for (size_t i = 0; i < part.rows.size(); ++i) {
      from[part.rows[i] - first] = {&part.columns[column], static_cast<int64_t>(i)};
    }
  }
  for (const auto& [cells, row] : from) {
    if (cells == nullptr) {
      out.AppendNull();
    } else {
      out.AppendFrom(*cells, row);
    }
  }
  return Own(std::move(out));
}

Result<UseAnswers::Chunk> UseAnswers::Take(int64_t first, int64_t last) const {
  ARROW_ASSIGN_OR_RAISE(const std::vector<Part> parts, Parts(first, last));
  Chunk chunk;
  chunk.found.resize(last - first, Found::kNothing);
  for (const Part& part : parts) {
    for (size_t i = 0; i < part.rows.size(); ++i) {
      chunk.found[part.rows[i] - first] = part.found[i];
    }
  }
  struct Owners {
    OwnedColumn column;
    std::vector<std::shared_ptr<const void>> parts;  // of spilled strings
  };
  for (size_t i = 0; i < column_count(); ++i) {
    auto owners = std::make_shared<Owners>();
    owners->column = Collect(i, parts, {first, last});
    for (const Part& part : parts) owners->parts.push_back(part.owner);
    OwnedColumn column{owners->column.view, owners};
    if (i == sweep_.features.size()) {
      chunk.event_times = std::move(column);
    } else {
      chunk.cells.push_back(std::move(column));
    }
  }
  return chunk;
}

}  // namespace millrace::offline
