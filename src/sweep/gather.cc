// One loop per physical form; nested cells go through ColumnBuffer::AppendFrom.
#include "sweep/gather.h"

#include <memory>
#include <string_view>
#include <utility>

namespace millrace::sweep {

using columns::Column;
using columns::ColumnBuffer;
using columns::Physical;

namespace {

bool IsPlain(const columns::Type& type) {
  const Physical physical = type.physical();
  return physical != Physical::kList && physical != Physical::kMap && physical != Physical::kNone;
}

template <typename T, typename Keep>
void Pick(const T* from, std::span<const int64_t> rows, T* to, Keep keep) {
  for (size_t i = 0; i < rows.size(); ++i) to[i] = rows[i] < 0 ? T{} : keep(from[rows[i]]);
}

template <typename Keep>
void PickPlain(const Column& column, std::span<const int64_t> rows, int64_t at, Keep keep_string,
               ColumnBuffer* out) {
  uint8_t* cells = out->cells() + at;
  for (size_t i = 0; i < rows.size(); ++i) {
    cells[i] = rows[i] < 0 ? uint8_t{columns::kNullCell} : column.cell(rows[i]);
  }
  const auto same = [](auto v) { return v; };
  switch (column.type.physical()) {
    case Physical::kBool:
      Pick(column.bools, rows, out->bools() + at, same);
      break;
    case Physical::kInt:
      Pick(column.ints, rows, out->ints() + at, same);
      break;
    case Physical::kUInt:
      Pick(column.uints, rows, out->uints() + at, same);
      break;
    case Physical::kFloat:
      Pick(column.floats, rows, out->floats() + at, same);
      break;
    case Physical::kString:
      Pick(column.strings, rows, out->strings() + at, keep_string);
      break;
    default:
      break;
  }
}

void AppendNested(const Column& column, std::span<const int64_t> rows, ColumnBuffer* out) {
  for (const int64_t row : rows) {
    const uint8_t cell = row < 0 ? uint8_t{columns::kNullCell} : column.cell(row);
    if (cell == columns::kValid) {
      out->AppendFrom(column, row);
    } else {
      out->AppendCell(static_cast<columns::Cell>(cell));
    }
  }
}

}  // namespace

void AppendRows(const Column& column, std::span<const int64_t> rows, ColumnBuffer* out) {
  if (!IsPlain(column.type)) {
    AppendNested(column, rows, out);
    return;
  }
  const int64_t at = out->size();
  out->Resize(at + static_cast<int64_t>(rows.size()));
  PickPlain(column, rows, at, [&](std::string_view v) { return out->Keep(v); }, out);
}

ColumnBuffer GatherShared(const Column& column, std::span<const int64_t> rows) {
  ColumnBuffer out(column.type);
  if (!IsPlain(column.type)) {
    out.Reserve(static_cast<int64_t>(rows.size()));
    AppendNested(column, rows, &out);
    return out;
  }
  out.Resize(static_cast<int64_t>(rows.size()));
  PickPlain(column, rows, 0, [](std::string_view v) { return v; }, &out);
  return out;
}

Scattered::Scattered(const columns::Type& type, int64_t rows, int64_t pieces) : out_(type) {
  for (int64_t i = 0; i < pieces; ++i) pieces_.emplace_back(type);
  if (nested()) {
    sources_.resize(rows);
    return;
  }
  out_.Resize(rows);
  for (int64_t row = 0; row < rows; ++row) out_.cells()[row] = columns::kNullCell;
}

bool Scattered::nested() const {
  return !IsPlain(out_.type());
}

void Scattered::Add(int64_t piece, ColumnBuffer cells, std::span<const int64_t> rows) {
  pieces_[piece] = std::move(cells);
  const Column view = pieces_[piece].View();
  if (nested()) {
    for (size_t i = 0; i < rows.size(); ++i) {
      sources_[rows[i]] = {static_cast<int32_t>(piece), static_cast<int32_t>(i)};
    }
    return;
  }
  for (size_t i = 0; i < rows.size(); ++i) out_.cells()[rows[i]] = view.cell(i);
  const auto scatter = [&](const auto* from, auto* to) {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (view.valid(i)) to[rows[i]] = from[i];
    }
  };
  switch (view.type.physical()) {
    case Physical::kBool:
      scatter(view.bools, out_.bools());
      break;
    case Physical::kInt:
      scatter(view.ints, out_.ints());
      break;
    case Physical::kUInt:
      scatter(view.uints, out_.uints());
      break;
    case Physical::kFloat:
      scatter(view.floats, out_.floats());
      break;
    case Physical::kString:
      scatter(view.strings, out_.strings());
      break;
    default:
      break;
  }
}

columns::OwnedColumn Scattered::Finish() && {
  if (nested()) {
    std::vector<Column> views;
    for (const ColumnBuffer& piece : pieces_) views.push_back(piece.View());
    for (const Source& source : sources_) {
      if (source.piece < 0) {
        out_.AppendNull();
        continue;
      }
      const Column& view = views[source.piece];
      if (view.valid(source.cell)) {
        out_.AppendFrom(view, source.cell);
      } else {
        out_.AppendCell(static_cast<columns::Cell>(view.cell(source.cell)));
      }
    }
    return Own(std::move(out_));
  }
  struct Kept {
    ColumnBuffer out;
    std::vector<ColumnBuffer> pieces;
  };
  auto kept = std::make_shared<Kept>(Kept{std::move(out_), std::move(pieces_)});
  return {kept->out.View(), kept};
}

}  // namespace millrace::sweep
