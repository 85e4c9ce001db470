// JSON-lines files as rows of declared types. A row's place is its line.
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <fmt/format.h>

#include <utility>

#include "sources/cells/shown_text.h"
#include "sources/file_rows.h"
#include "sources/files/file_error.h"
#include "sources/files/line_reader.h"
#include "sources/json/json_line.h"

namespace millrace::sources {
namespace {

constexpr std::string_view kMalformedRow = "malformed_row";

class JsonRows final : public FileRows {
 public:
  JsonRows(WantedRows wanted, std::string shown, LineReader lines, JsonLine decoder)
      : wanted_(std::move(wanted)),
        shown_(std::move(shown)),
        lines_(std::move(lines)),
        decoder_(std::move(decoder)) {}

  base::Result<std::optional<RowBatch>> Next(columns::RejectedRows* rejected) override {
    std::vector<columns::ColumnBuffer> buffers;
    for (const WantedColumn& column : wanted_.columns) buffers.emplace_back(column.type);
    RowBatch batch;
    while (batch.size < wanted_.batch_rows_max) {
      auto line = lines_.Next();
      if (!line.ok()) return FileError(line.status(), "read", shown_, base::codes::kIo);
      if (!line->has_value()) break;
      if (LineReader::IsBlank(**line)) continue;
      const std::string why = decoder_.Read(**line, &buffers);
      if (why.empty()) {
        KeepBadTexts(&batch);
      } else {
        MarkMalformed(why, **line, &batch, rejected);
      }
      batch.rows.push_back(lines_.line());
      ++batch.size;
    }
    if (batch.size == 0) return std::optional<RowBatch>();
    if (!batch.malformed.empty()) batch.malformed.resize(static_cast<size_t>(batch.size), 0);
    for (auto& buffer : buffers) batch.columns.push_back(Own(std::move(buffer)));
    return std::optional<RowBatch>(std::move(batch));
  }

 private:
  void KeepBadTexts(RowBatch* batch) {
    for (const BadText& bad : decoder_.bad_texts()) {
      if (batch->bad_texts.size() >= 2 * columns::RejectedRows::kExamplesMax) return;
      batch->bad_texts.push_back(bad);
    }
  }

  void MarkMalformed(const std::string& why, std::string_view line, RowBatch* batch,
                     columns::RejectedRows* rejected) {
    batch->malformed.resize(static_cast<size_t>(batch->size) + 1, 0);
    batch->malformed.back() = 1;
    rejected->Add("source " + wanted_.source, kMalformedRow,
                  fmt::format("{} row {}: {}: '{}'", shown_, lines_.line(), why, ShownText(line)));
  }

  WantedRows wanted_;
  std::string shown_;
  LineReader lines_;
  JsonLine decoder_;
};

}  // namespace

base::Result<std::unique_ptr<FileRows>> OpenJsonRows(const FileList& list, const ListedFile& file,
                                                     const WantedRows& wanted) {
  auto stream = list.filesystem->OpenInputStream(file.path);
  if (!stream.ok()) return FileError(stream.status(), "read", file.shown, base::codes::kIo);
  ARROW_ASSIGN_OR_RAISE(JsonLine decoder, JsonLine::Make(wanted.columns, wanted.unit));
  return std::make_unique<JsonRows>(wanted, file.shown, LineReader(*std::move(stream)),
                                    std::move(decoder));
}

}  // namespace millrace::sources
