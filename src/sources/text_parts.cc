// CSV and JSON files as FileParts: a file is one part, opened when its turn comes.
#include <algorithm>
#include <memory>
#include <utility>

#include "sources/file_rows.h"

namespace millrace::sources {
namespace {

// Cells of text are made one by one: more rows at once are only more memory.
constexpr int64_t kTextRowsMax = 65'536;

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
  Size size() const override { return {0, file_.bytes}; }
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
