#include "sources/push/push_tag.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/hash.h"
#include "columns/column.h"
#include "columns/type.h"
#include "sources/arrow/arrow_cells.h"

namespace millrace::sources {
namespace {

// A sum, so that it does not matter how rows are divided into files and batches; the number of each
// row is in its hash.
struct RowSum {
  uint64_t hashes = 0;
  int64_t bytes = 0;
};

struct NamedColumn {
  std::string head;  // what a cell's bytes begin with
  columns::OwnedColumn cells;
};

// By name.
base::Result<std::vector<NamedColumn>> ColumnsOf(const arrow::RecordBatch& rows) {
  std::vector<NamedColumn> named;
  std::vector<int> order(static_cast<size_t>(rows.num_columns()));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return rows.column_name(a) < rows.column_name(b); });
  for (const int i : order) {
    ARROW_ASSIGN_OR_RAISE(const auto type, columns::Type::FromArrow(*rows.column(i)->type()));
    ARROW_ASSIGN_OR_RAISE(auto cells,
                          ReadArray(rows.column(i), type, features::TimestampUnit::kNone));
    base::ByteWriter head;
    head.String(rows.column_name(i));
    named.push_back({head.Take(), std::move(cells)});
  }
  return named;
}

base::Status AddRows(const arrow::RecordBatch& rows, int64_t first_row, const RowRange& wanted,
                     RowSum* sum) {
  ARROW_ASSIGN_OR_RAISE(const auto named, ColumnsOf(rows));
  std::string cell;
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    if (first_row + row < wanted.first || first_row + row > wanted.last) continue;
    base::ByteWriter bytes;
    bytes.Fixed64(static_cast<uint64_t>(first_row + row));
    for (const NamedColumn& column : named) {
      if (!column.cells.view.valid(row)) continue;
      cell.clear();
      columns::AppendCanonicalBytes(column.cells.view, row, &cell);
      bytes.Raw(column.head.data(), column.head.size());
      bytes.String(cell);
    }
    sum->hashes += base::Hash64(bytes.bytes());
    sum->bytes += static_cast<int64_t>(bytes.bytes().size());
  }
  return base::Status::OK();
}

}  // namespace

RowRange SelectedRows(const ContentFile& file, const PushSelection& selection) {
  const auto named = selection.writers.find(file.file.writer);
  if (named == selection.writers.end()) return selection.others ? file.rows : RowRange{1, 0};
  return {std::max(file.rows.first, named->second.first),
          std::min(file.rows.last, named->second.last)};
}

base::Result<std::vector<InputFile>> TagContent(const LogContent& content,
                                                const PushSelection& selection) {
  std::vector<InputFile> tagged;
  WriterRows writer;  // that the last of them is of
  RowSum sum;
  for (const ContentFile& file : content.files) {
    const RowRange rows = SelectedRows(file, selection);
    if (rows.first > rows.last) continue;
    if (tagged.empty() || writer.writer != file.file.writer) {
      writer = {file.file.writer, rows};
      sum = {};
      tagged.emplace_back();
    }
    writer.rows.last = rows.last;
    if (selection.tagged) {
      ARROW_RETURN_NOT_OK(ReadContent(file, [&](const arrow::RecordBatch& batch, int64_t first) {
        return AddRows(batch, first, rows, &sum);
      }));
    }
    tagged.back() = {ShowWriterRows(writer), sum.bytes,
                     selection.tagged ? base::Hex(sum.hashes) : std::string()};
  }
  return tagged;
}

}  // namespace millrace::sources
