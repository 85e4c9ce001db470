#include "sources/push/push_log_reader.h"

#include <arrow/filesystem/localfs.h>

#include <future>
#include <utility>

#include "base/check.h"
#include "sources/part_reader.h"
#include "sources/push/push_content.h"
#include "sources/push/push_rows.h"
#include "sources/push/push_tag.h"

namespace millrace::sources {
namespace {

FileList ListOne(const LogFile& file) {
  FileList list;
  list.filesystem = std::make_shared<arrow::fs::LocalFileSystem>();
  list.files = {{.path = file.path, .shown = file.path, .bytes = file.bytes, .modified = 0}};
  return list;
}

class LogReader final : public EventReader {
 public:
  LogReader(std::shared_ptr<const SourceReading> reading, LogContent content,
            PushSelection selection)
      : reading_(std::move(reading)),
        content_(std::move(content)),
        selection_(std::move(selection)) {}

  base::Status Start() {
    for (const ContentFile& content : content_.files) {
      const RowRange rows = SelectedRows(content, selection_);
      if (rows.first > rows.last) continue;
      OpenedFile opened;
      ARROW_ASSIGN_OR_RAISE(opened.file, AskFile(content, rows, reading_->wanted));
      int parts = 1;
      if (content.segment == nullptr) {
        const FileList list = ListOne(content.file);
        ARROW_ASSIGN_OR_RAISE(opened.compacted,
                              OpenParquetParts(list, list.files[0], opened.file->wanted));
        parts = opened.compacted->parts();
        bytes_ += opened.compacted->size().bytes;
      } else {
        bytes_ += content.segment->whole_bytes();
      }
      rows_ += rows.last - rows.first + 1;
      for (int part = 0; part < parts; ++part) parts_.push_back({opened_.size(), part});
      opened_.push_back(std::move(opened));
    }
    tagging_ = std::async(std::launch::async, [this] { return TagContent(content_, selection_); });
    return base::Status::OK();
  }

  int64_t parts() const override { return static_cast<int64_t>(parts_.size()); }
  base::Result<std::unique_ptr<PartReader>> OpenPart(int64_t part) override {
    MILLRACE_CHECK(part >= 0 && part < parts());
    const Part& one = parts_[static_cast<size_t>(part)];
    const OpenedFile& opened = opened_[one.file];
    std::unique_ptr<FileRows> rows;
    if (opened.compacted == nullptr) {
      rows = SegmentRows(opened.file);
    } else {
      ARROW_ASSIGN_OR_RAISE(rows, opened.compacted->Open(one.part, false));
    }
    rows = SelectPushed(opened.file, reading_->wanted.columns, selection_.to, std::move(rows));
    // The part may outlive the reader, and its file may not be removed before it is read.
    const auto held = [lock = content_.lock] { return base::Status::OK(); };
    return ReadPart(reading_, {PushOrigin(opened.file->content.file.writer), held},
                    std::move(rows));
  }
  int64_t rows_estimate() const override { return rows_; }
  int64_t bytes_estimate() const override { return bytes_; }
  const Pruned& pruned() const override { return pruned_; }
  base::Result<std::vector<InputFile>> Files() override {
    if (tagging_.valid()) tagged_ = tagging_.get();
    return tagged_;
  }

 private:
  struct OpenedFile {
    std::shared_ptr<const PushedFile> file;
    std::unique_ptr<FileParts> compacted;  // nullptr: a segment
  };
  struct Part {
    size_t file;
    int part;  // of the file
  };

  const std::shared_ptr<const SourceReading> reading_;
  const LogContent content_;
  const PushSelection selection_;
  std::vector<OpenedFile> opened_;
  std::vector<Part> parts_;
  const Pruned pruned_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
  base::Result<std::vector<InputFile>> tagged_ = std::vector<InputFile>();
  std::future<base::Result<std::vector<InputFile>>> tagging_;  // last: it ends before what it reads
};

}  // namespace

base::Result<std::unique_ptr<EventReader>> OpenPushLog(const features::Source& source,
                                                       const std::string& push,
                                                       const ReadOptions& options,
                                                       const PushSelection& selection) {
  ARROW_ASSIGN_OR_RAISE(auto reading, NewReading(source, options));
  ARROW_ASSIGN_OR_RAISE(LogContent content, OpenLog(push, source.name));
  auto reader = std::make_unique<LogReader>(std::move(reading), std::move(content), selection);
  ARROW_RETURN_NOT_OK(reader->Start());
  return reader;
}

base::Result<std::vector<InputFile>> TagPushedRows(const std::string& push,
                                                   const std::string& source,
                                                   const PushSelection& selection) {
  ARROW_ASSIGN_OR_RAISE(const LogContent content, OpenLog(push, source));
  return TagContent(content, selection);
}

}  // namespace millrace::sources
