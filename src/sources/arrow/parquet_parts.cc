// A Parquet file as FileParts: what its footer says is read once, then each row group by itself.
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "sources/arrow/arrow_cells.h"
#include "sources/arrow/parquet_groups.h"
#include "sources/arrow/parquet_rows.h"
#include "sources/files/file_error.h"

namespace millrace::sources {
namespace {

base::Status FindColumns(const ParquetFile& parquet, const WantedRows& wanted,
                         ParquetReading* reading) {
  for (const WantedColumn& column : wanted.columns) {
    ARROW_ASSIGN_OR_RAISE(ParquetColumn found, parquet.Find(column.path));
    const base::Status readable = CheckReadable(*found.type, column.type, wanted.unit);
    if (!readable.ok()) {
      base::Problem problem = base::ProblemsOf(readable).front();
      problem.message =
          fmt::format("column '{}' of {} {}", column.path, reading->shown, problem.message);
      return base::Error(std::move(problem));
    }
    auto& leaves = reading->leaves;
    leaves.insert(leaves.end(), found.leaves.begin(), found.leaves.end());
    reading->columns.push_back(std::move(found));
  }
  std::sort(reading->leaves.begin(), reading->leaves.end());
  reading->leaves.erase(std::unique(reading->leaves.begin(), reading->leaves.end()),
                        reading->leaves.end());
  return base::Status::OK();
}

class ParquetParts final : public FileParts {
 public:
  ParquetParts(const FileList& list, ListedFile file, WantedRows wanted)
      : filesystem_(list.filesystem),
        file_(std::move(file)),
        reading_(std::make_shared<ParquetReading>()) {
    reading_->wanted = std::move(wanted);
    reading_->shown = file_.shown;
    reading_->remote = !list.local;
  }

  base::Status ReadFooter() {
    ARROW_ASSIGN_OR_RAISE(auto input, Input());
    ARROW_ASSIGN_OR_RAISE(
        const ParquetFile parquet,
        ParquetFile::Open(std::move(input), file_.shown, {.remote = reading_->remote}));
    ARROW_RETURN_NOT_OK(FindColumns(parquet, reading_->wanted, reading_.get()));
    reading_->metadata = parquet.metadata();
    const parquet::FileMetaData& metadata = *reading_->metadata;
    int64_t rows = 0;
    ARROW_RETURN_NOT_OK(ParquetFence(file_.shown, [&] {
      for (int i = 0; i < metadata.num_row_groups(); ++i) rows += metadata.RowGroup(i)->num_rows();
      groups_ = GroupsOf(metadata, reading_->wanted, reading_->columns);
      return arrow::Status::OK();
    }));
    if (rows == metadata.num_rows()) return base::Status::OK();
    return base::Error(base::codes::kCorrupt,
                       fmt::format("{} is damaged: it says {} rows and has {}", file_.shown,
                                   metadata.num_rows(), rows));
  }

  int parts() const override { return static_cast<int>(groups_.groups.size()); }
  base::Result<std::unique_ptr<FileRows>> Open(int part, bool alone) const override {
    ARROW_ASSIGN_OR_RAISE(auto input, Input());
    return OpenParquetGroup(reading_, groups_.groups[static_cast<size_t>(part)], std::move(input),
                            alone);
  }
  Size size() const override { return groups_.size; }
  const Pruned& pruned() const override { return groups_.pruned; }

 private:
  // One open file for all parts that are read at the same time, and none when there are no such:
  // a source may have more files than a process may open.
  base::Result<std::shared_ptr<arrow::io::RandomAccessFile>> Input() const {
    const std::lock_guard lock(mutex_);
    auto input = input_.lock();
    if (input != nullptr) return input;
    auto opened = filesystem_->OpenInputFile(file_.path);
    if (!opened.ok()) return FileError(opened.status(), "read", file_.shown, base::codes::kIo);
    input_ = *opened;
    return *std::move(opened);
  }

  const std::shared_ptr<arrow::fs::FileSystem> filesystem_;
  const ListedFile file_;
  const std::shared_ptr<ParquetReading> reading_;
  ParquetGroups groups_;
  mutable std::mutex mutex_;
  mutable std::weak_ptr<arrow::io::RandomAccessFile> input_;
};

}  // namespace

base::Result<std::unique_ptr<FileParts>> OpenParquetParts(const FileList& list,
                                                          const ListedFile& file,
                                                          const WantedRows& wanted) {
  auto parts = std::make_unique<ParquetParts>(list, file, wanted);
  ARROW_RETURN_NOT_OK(parts->ReadFooter());
  return parts;
}

}  // namespace millrace::sources
