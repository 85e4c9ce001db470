// CSV and JSON files as FileParts: a file is one part, opened when its turn comes.
#include <arrow/buffer.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "sources/file_rows.h"
#include "sources/files/file_error.h"

namespace millrace::sources {
namespace {

// Cells of text are made one by one: more rows at once are only more memory.
constexpr int64_t kTextRowsMax = 65'536;
constexpr int64_t kSampleBytes = 64 << 10;

class TextFile final : public FileParts {
 public:
  TextFile(const FileList& list, ListedFile file, WantedRows wanted)
      : list_{list.filesystem, list.local, list.format, {}},
        file_(std::move(file)),
        wanted_(std::move(wanted)) {
    wanted_.batch_rows_max = std::min(wanted_.batch_rows_max, kTextRowsMax);
  }

  int parts() const override { return 1; }
  base::Result<std::unique_ptr<FileRows>> Open(int, bool) const override {
    return list_.format == Format::kCsv ? OpenCsvRows(list_, file_, wanted_)
                                        : OpenJsonRows(list_, file_, wanted_);
  }
  Size size() const override { return {}; }
  const Pruned& pruned() const override { return pruned_; }

 private:
  const FileList list_;
  const ListedFile file_;
  WantedRows wanted_;
  const Pruned pruned_;
};

}  // namespace

std::unique_ptr<FileParts> TextParts(const FileList& list, const ListedFile& file,
                                     const WantedRows& wanted) {
  return std::make_unique<TextFile>(list, file, wanted);
}

base::Result<Size> TextSize(const FileList& list, const WantedRows& wanted) {
  const ListedFile& first = list.files.front();
  const auto failed = [&](const base::Status& status) {
    return FileError(status, "read", first.shown, base::codes::kIo);
  };
  const auto stream = list.filesystem->OpenInputStream(first.path);
  if (!stream.ok()) return failed(stream.status());
  const auto sample = (*stream)->Read(kSampleBytes);
  if (!sample.ok()) return failed(sample.status());
  const auto text = static_cast<std::string_view>(**sample);
  Size size;
  for (const ListedFile& file : list.files) size.bytes += file.bytes;
  const auto lines = std::count(text.begin(), text.end(), '\n');
  if (lines == 0) return size;
  size.rows = size.bytes * lines / static_cast<int64_t>(text.size());
  for (const WantedColumn& column : wanted.columns) {
    size.bytes += size.rows * CellBytes(column.type);
  }
  return size;
}

int64_t CellBytes(const columns::Type& type) {
  switch (type.physical()) {
    case columns::Physical::kNone:
    case columns::Physical::kBool:
      return 1;
    case columns::Physical::kString:
      return sizeof(std::string_view) + sizeof(int32_t);
    default:
      return 8;
  }
}

}  // namespace millrace::sources
