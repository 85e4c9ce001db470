#include "sources/event_reader.h"

#include <arrow/filesystem/filesystem.h>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

#include "base/check.h"
#include "sources/file_rows.h"
#include "sources/files/file_error.h"
#include "sources/files/file_list.h"
#include "sources/part_reader.h"

namespace millrace::sources {
namespace {

using features::Source;

// A file that was written to meanwhile was perhaps read half old, half new.
base::Status CheckUnchanged(const FileList& list, const ListedFile& file) {
  const auto now = list.filesystem->GetFileInfo(file.path);
  if (!now.ok()) return FileError(now.status(), "read", file.shown, base::codes::kIo);
  if (now->IsFile() && now->size() == file.bytes &&
      now->mtime().time_since_epoch().count() == file.modified) {
    return base::Status::OK();
  }
  return base::Error(base::codes::kConflict,
                     fmt::format("{} was changed while it was read", file.shown));
}

base::Result<std::unique_ptr<FileParts>> OpenParts(const SourceReading& reading,
                                                   const ListedFile& file) {
  switch (reading.list.format) {
    case Format::kParquet:
      return OpenParquetParts(reading.list, file, reading.wanted);
    case Format::kCsv:
    case Format::kJson:
      return TextParts(reading.list, file, reading.wanted);
    case Format::kArrow:
      break;
  }
  return base::Error(base::codes::kBadValue,
                     fmt::format("{}: a source is parquet, csv or json; Arrow IPC files are for "
                                 "spines and outputs",
                                 file.shown));
}

class FilesReader final : public EventReader {
 public:
  explicit FilesReader(std::shared_ptr<const SourceReading> reading)
      : reading_(std::move(reading)) {}

  base::Status Start() {
    const FileList& list = reading_->list;
    tagging_ = std::async(std::launch::async, [this] { return TagFiles(); });
    for (size_t file = 0; file < list.files.size(); ++file) {
      ARROW_ASSIGN_OR_RAISE(std::unique_ptr<FileParts> parts,
                            OpenParts(*reading_, list.files[file]));
      for (int part = 0; part < parts->parts(); ++part) parts_.push_back({file, part});
      pruned_.parts += parts->pruned().parts;
      pruned_.rows += parts->pruned().rows;
      size_.rows += parts->size().rows;
      size_.bytes += parts->size().bytes;
      opened_.push_back(std::move(parts));
    }
    if (list.format == Format::kParquet) return base::Status::OK();
    ARROW_ASSIGN_OR_RAISE(size_, TextSize(list, reading_->wanted));
    // That columns are missing is known before anything is read.
    return opened_.front()->Open(0, true).status();
  }

  int64_t parts() const override { return static_cast<int64_t>(parts_.size()); }
  base::Result<std::unique_ptr<PartReader>> OpenPart(int64_t part) override {
    MILLRACE_CHECK(part >= 0 && part < parts());
    const Part& one = parts_[static_cast<size_t>(part)];
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<FileRows> rows,
                          opened_[one.file]->Open(one.part, LeavesThreadsIdle(part)));
    const ListedFile& file = reading_->list.files[one.file];
    return ReadPart(
        reading_,
        {file.shown, [list = reading_, &file] { return CheckUnchanged(list->list, file); }},
        std::move(rows));
  }
  int64_t rows_estimate() const override { return size_.rows; }
  int64_t bytes_estimate() const override { return size_.bytes; }
  const Pruned& pruned() const override { return pruned_; }
  base::Result<std::vector<InputFile>> Files() override {
    if (tagging_.valid()) tagged_ = tagging_.get();
    ARROW_RETURN_NOT_OK(tagged_);
    return files_;
  }

 private:
  base::Status TagFiles() {
    const FileList& list = reading_->list;
    for (const ListedFile& file : list.files) {
      ARROW_ASSIGN_OR_RAISE(std::string tag, ContentTag(list, file));
      files_.push_back({file.shown, file.bytes, std::move(tag)});
    }
    return base::Status::OK();
  }
  // Whether the part is one of the last, which are fewer than the threads that read parts.
  bool LeavesThreadsIdle(int64_t part) const {
    const int64_t left = parts() % reading_->threads;
    return parts() == 1 || part >= parts() - left;
  }

  struct Part {
    size_t file;
    int part;  // of the file
  };

  const std::shared_ptr<const SourceReading> reading_;
  std::vector<InputFile> files_;  // once they are tagged
  base::Status tagged_;
  std::vector<std::unique_ptr<FileParts>> opened_;  // of each file
  std::vector<Part> parts_;
  Pruned pruned_;
  Size size_;
  std::future<base::Status> tagging_;  // the last: it ends before what it reads
};

}  // namespace

base::Result<std::unique_ptr<EventReader>> OpenFiles(const Source& source,
                                                     const ReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto reading, NewReading(source, options));
  ARROW_ASSIGN_OR_RAISE(reading->list,
                        ListFiles(source.location.path, source.location.format, options.root));
  auto reader = std::make_unique<FilesReader>(std::move(reading));
  ARROW_RETURN_NOT_OK(reader->Start());
  return reader;
}

}  // namespace millrace::sources
