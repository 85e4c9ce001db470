// CSV files as rows of declared types.
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <fmt/format.h>

#include <utility>

#include "sources/cells/cell_text.h"
#include "sources/csv/csv_columns.h"
#include "sources/csv/csv_decoder.h"
#include "sources/file_rows.h"
#include "sources/files/file_error.h"

namespace millrace::sources {
namespace {

constexpr std::string_view kMalformedRow = "malformed_row";

class CsvRows final : public FileRows {
 public:
  CsvRows(WantedRows wanted, std::string shown, CsvDecoder decoder)
      : wanted_(std::move(wanted)),
        shown_(std::move(shown)),
        decoder_(std::move(decoder)),
        cells_(wanted_.unit) {}

  base::Status ReadHeader() {
    ARROW_ASSIGN_OR_RAISE(const CsvRecord* header, NextRecord());
    ARROW_ASSIGN_OR_RAISE(header_size_, CheckHeader(header, shown_));
    for (const WantedColumn& column : wanted_.columns) {
      ARROW_ASSIGN_OR_RAISE(const size_t field, FindInHeader(*header, column.path, shown_));
      fields_.push_back(field);
    }
    return base::Status::OK();
  }

  base::Result<std::optional<RowBatch>> Next(columns::RejectedRows* rejected) override {
    std::vector<columns::ColumnBuffer> buffers;
    for (const WantedColumn& column : wanted_.columns) buffers.emplace_back(column.type);
    RowBatch batch;
    while (batch.size < wanted_.batch_rows_max) {
      ARROW_ASSIGN_OR_RAISE(const CsvRecord* record, NextRecord());
      if (record == nullptr) break;
      if (record->blank && header_size_ > 1) continue;
      if (const std::string why = WhyMalformed(*record, header_size_); !why.empty()) {
        rejected->Add("source " + wanted_.source, kMalformedRow,
                      fmt::format("{} row {}: {}", shown_, record->line, why));
        continue;
      }
      for (size_t i = 0; i < fields_.size(); ++i) {
        const CsvField& field = record->fields[fields_[i]];
        cells_.Append(field, &buffers[i]);
        if (wanted_.columns[i].is_time) KeepBadText(field, i, &buffers[i], &batch);
      }
      batch.rows.push_back(record->line);
      ++batch.size;
    }
    if (batch.size == 0) return std::optional<RowBatch>();
    for (auto& buffer : buffers) batch.columns.push_back(Own(std::move(buffer)));
    return std::optional<RowBatch>(std::move(batch));
  }

 private:
  base::Result<const CsvRecord*> NextRecord() {
    auto record = decoder_.Next();
    if (record.ok()) return record;
    return base::AtPlace(FileError(record.status(), "read", shown_, base::codes::kIo),
                         {.file = shown_});
  }

  static void KeepBadText(const CsvField& field, size_t column, columns::ColumnBuffer* buffer,
                          RowBatch* batch) {
    if (buffer->cells()[batch->size] <= columns::kValid) return;
    if (batch->bad_texts.size() >= 2 * columns::RejectedRows::kExamplesMax) return;
    batch->bad_texts.push_back({batch->size, column, std::string(field.text)});
  }

  WantedRows wanted_;
  std::string shown_;
  CsvDecoder decoder_;
  CsvCells cells_;
  size_t header_size_ = 0;
  std::vector<size_t> fields_;  // of each wanted column
};

}  // namespace

base::Result<std::unique_ptr<FileRows>> OpenCsvRows(const FileList& list, const ListedFile& file,
                                                    const WantedRows& wanted) {
  auto stream = list.filesystem->OpenInputStream(file.path);
  if (!stream.ok()) return FileError(stream.status(), "read", file.shown, base::codes::kIo);
  auto rows = std::make_unique<CsvRows>(wanted, file.shown, CsvDecoder(*std::move(stream)));
  ARROW_RETURN_NOT_OK(rows->ReadHeader());
  return rows;
}

}  // namespace millrace::sources
